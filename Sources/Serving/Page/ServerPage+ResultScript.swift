extension ServerPage {
  /// Running the model and showing what it answers.
  static let resultScript = #"""
    // Types that JSON cannot carry travel as bytes.
    const isHalf = ({ datatype }) => datatype === 'FP16' || datatype === 'BF16';
    const float = new Float32Array(1), bits = new Uint32Array(float.buffer);

    function toBytes(type, values) {
      const array = type === 'FP16' ? Float16Array.from(values) : Uint16Array.from(values, value => {
        float[0] = value;
        return (bits[0] + 0x7fff + (bits[0] >>> 16 & 1)) >>> 16;
      });
      return new Uint8Array(array.buffer);
    }

    function fromBytes(type, bytes) {
      const { buffer } = bytes.slice();
      if (type === 'FP16') return Array.from(new Float16Array(buffer));
      return Array.from(new Uint16Array(buffer), value => { bits[0] = value << 16; return float[0]; });
    }

    function message(inputs, description) {
      const tail = [], request = {};
      request.inputs = inputs.map(input => {
        const { data, ...tensor } = input.request();
        if (!isHalf(tensor)) return { ...tensor, data };
        tail.push(toBytes(tensor.datatype, data));
        return { ...tensor, parameters: { binary_data_size: 2 * data.length } };
      });
      if (description.outputs.some(isHalf)) {
        request.outputs = description.outputs.map(output => (
          { name: output.name, parameters: { binary_data: isHalf(output) } }));
      }
      const text = JSON.stringify(request);
      if (!tail.length) return post(text);
      const head = new TextEncoder().encode(text);
      return post(new Blob([head, ...tail]),
        { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': head.length });
    }

    function readTail({ value, tail }) {
      let at = 0;
      for (const output of value.outputs) {
        const length = output.parameters?.binary_data_size;
        if (length !== undefined) output.data = fromBytes(output.datatype, tail.subarray(at, at += length));
      }
    }

    const numberText = value => String(typeof value === 'number' && value % 1 ? Number(value.toPrecision(6)) : value);

    const position = (index, shape) =>
      shape.map((extent, axis) => Math.floor(index / product(shape.slice(axis + 1))) % extent).join(', ');

    function numbers(values, shape) {
      const last = shape.at(-1), columns = shape.length > 1 && last <= 8 ? last : Math.min(8, values.length);
      const shown = values.slice(0, columns * Math.floor(64 / columns)), rows = [];
      for (let at = 0; at < shown.length; at += columns) {
        rows.push(make('tr', {}, make('th.number', {}, `[${position(at, shape)}]`),
          shown.slice(at, at + columns).map(value => make('td.number', {}, numberText(value)))));
      }
      const note = shown.length < values.length ? quiet(`The first ${shown.length} of ${whole(values.length)}.`) : '';
      return [make('div.scroll', {}, make('table.numbers', {}, rows)), note];
    }

    function topFive(values) {
      const order = values.map((_, index) => index).sort((a, b) => values[b] - values[a]).slice(0, 5);
      const low = values.reduce((a, b) => Math.min(a, b), 0), high = values[order[0]];
      return make('table.top', {}, order.map(index => {
        const bar = make('div.bar', {});
        bar.style.width = `${100 * (values[index] - low) / (high - low || 1)}%`;
        return make('tr', {}, make('th.number', {}, String(index)), make('td.number', {}, numberText(values[index])),
          make('td.bars', {}, bar));
      }));
    }

    function outputCard({ name, datatype, shape, data }) {
      const values = (data ?? []).flat(Infinity), width = shape.at(-1), parts = [];
      const isVector = shape.length && shape.length < 3 && width > 1 && values.every(Number.isFinite);
      if (!values.length) parts.push(quiet('No values.'));
      else if (!isVector) parts.push(...numbers(values, shape));
      else {
        const rows = values.length / width;
        for (let row = 0; row < Math.min(rows, 4); row++) {
          if (rows > 1) parts.push(make('p.quiet', {}, `Row ${row} of ${whole(rows)}`));
          parts.push(topFive(values.slice(row * width, (row + 1) * width)));
        }
        parts.push(make('details', {}, make('summary', {}, 'Numbers'), ...numbers(values, shape)));
      }
      return make('div.output', {}, make('code', {}, name), ' ', quiet(`${datatype} · ${shapeText(shape)}`), parts);
    }

    // Milliseconds of each stage, as the server measured them.
    function stages({ headers }) {
      const found = (headers.get('Server-Timing') ?? '').matchAll(/([\w-]+)[^,]*;\s*dur=([\d.]+)/g);
      return Array.from(found, ([, name, ms]) => `${name} ${duration(Number(ms))}`);
    }

    function trial(address, description) {
      const inputs = description.inputs.map((tensor, number) => new TensorInput(tensor, number));
      const button = make('button', {}, 'Run'), result = make('div', {});
      const status = make('span.quiet', { role: 'status' });
      let running = null;
      const onsubmit = async event => {
        event.preventDefault();
        if (running) return running.abort();
        result.replaceChildren();
        try {
          const options = message(inputs, description);
          running = new AbortController();
          button.textContent = 'Cancel';
          status.textContent = 'Running…';
          const start = performance.now();
          const answer = await call(`${address}/infer`, { ...options, signal: running.signal });
          const time = duration(performance.now() - start);
          readTail(answer);
          status.textContent = [`Answered in ${time}`, ...stages(answer.response), size(answer.size)].join(' · ');
          result.replaceChildren(...answer.value.outputs.map(outputCard));
        } catch (error) {
          status.textContent = '';
          result.replaceChildren(failure(error.name === 'AbortError' ? 'Cancelled.' : error.message));
        }
        running = null;
        button.textContent = 'Run';
        refresh();
      };
      return make('section.card', {}, make('h3', {}, 'Try it'), make('form', { onsubmit },
        inputs.map(input => input.node), make('div.row', {}, button, status), result));
    }

    addEventListener('hashchange', route);
    setInterval(() => { if (!document.hidden) refresh(); }, 4000);
    refresh();
    call('v2').then(({ value }) => { element('server').textContent = `${value.name} ${value.version ?? ''}`; }, () => { });
    """#
}
