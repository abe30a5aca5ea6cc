extension ServerPage {
  /// The form: an input for each tensor of the signature.
  static let inputScript = #"""
    const isFloat = type => /^(FP|BF)/.test(type);
    const largest = 1 << 23;
    // Mean and standard deviation, for pixels from 0 to 1.
    const ranges = {
      '0 … 1': ['0', '1'], '−1 … 1': ['0.5', '0.5'], 'ImageNet': ['0.485, 0.456, 0.406', '0.229, 0.224, 0.225'],
      '0 … 255': ['0', '0.003921568627451'], '1 … 0, inverted': ['1', '-1'],
    };
    const random = {
      BYTES: () => Math.random().toString(36).slice(2), BOOL: () => Math.random() < .5,
      float: () => Math.round(Math.random() * 1e6) / 1e6, integer: () => Math.floor(Math.random() * 100),
    };
    const makers = {
      Zeros: type => () => ({ BYTES: '', BOOL: false })[type] ?? 0,
      Ones: type => () => ({ BYTES: '1', BOOL: true })[type] ?? 1,
      Random: type => random[type] ?? random[isFloat(type) ? 'float' : 'integer'],
    };

    // Where the axes of a picture are, for tensors that look like some.
    function pictureAxes({ shape }) {
      const has = axis => shape.length === 4 && (shape[axis] === 1 || shape[axis] === 3);
      return has(1) ? { channels: 1, height: 2, width: 3 } : has(3) ? { channels: 3, height: 1, width: 2 } : null;
    }

    function nestedShape(value) {
      return Array.isArray(value) ? [value.length, ...nestedShape(value[0])] : [];
    }

    const field = (name, node) => make('label', {}, name, node);
    const options = names => names.map(name => make('option', {}, name));

    class TensorInput {
      constructor(tensor, number) {
        this.tensor = tensor;
        this.axes = pictureAxes(tensor);
        this.mode = 'Zeros';
        this.extents = tensor.shape.map((extent, axis) => extent >= 0 ? extent : make('input', {
          type: 'number', min: 0, required: true, ariaLabel: `extent of axis ${axis}`,
          value: axis ? this.axes ? 224 : 8 : 1, oninput: () => this.update(),
        }));
        this.preview = make('code.preview quiet', {});
        this.panels = { JSON: this.jsonPanel(), Picture: this.axes && this.picturePanel() };
        const modes = [...Object.keys(makers), 'JSON', ...this.axes ? ['Picture'] : []];
        this.node = make('fieldset', {},
          make('legend', {}, make('code', {}, tensor.name), ' ', quiet(tensor.datatype)),
          make('div.row mono', {}, quiet('shape'), this.extents.flatMap((extent, axis) => [axis ? ' × ' : '', extent]),
            tensor.shape.length ? null : 'scalar'),
          make('div.modes', { role: 'radiogroup', ariaLabel: 'values' }, modes.map(mode => make('label', {}, make('input', {
            type: 'radio', name: `mode${number}`, checked: mode === this.mode, onclick: () => this.choose(mode),
          }), mode))),
          make('div.row', {}, this.preview), this.panels.JSON, this.panels.Picture);
        this.update();
      }

      jsonPanel() {
        this.text = make('textarea', { spellcheck: false, ariaLabel: 'JSON', oninput: () => this.readShape() });
        const file = make('input', { type: 'file', accept: '.json,.txt', ariaLabel: 'JSON file', onchange: async () => {
          this.text.value = await file.files[0]?.text() ?? '';
          this.readShape();
        } });
        return make('div', { hidden: true }, this.text, make('div.row', {}, file));
      }

      picturePanel() {
        const redraw = () => this.draw();
        const file = make('input', { type: 'file', accept: 'image/*', ariaLabel: 'picture', onchange: async () => {
          this.bitmap = await createImageBitmap(file.files[0]).catch(() => null);
          this.draw();
        } });
        const range = make('select', { onchange: () => {
          [this.mean.value, this.deviation.value] = ranges[range.value];
          this.draw();
        } }, options(Object.keys(ranges)));
        range.selectedIndex = isFloat(this.tensor.datatype) ? 0 : 3;
        [this.mean, this.deviation] = ranges[range.value].map(value => make('input', { value, oninput: redraw }));
        this.fit = make('select', { onchange: redraw }, options(['Crop', 'Stretch', 'Pad']));
        this.canvas = make('canvas', { role: 'img', ariaLabel: 'the picture as the model gets it' });
        return make('div', { hidden: true }, make('div.row', {}, file), make('div.picture', {}, this.canvas,
          make('div', {}, field('Range', range), field('Fit', this.fit)),
          make('div', {}, field('Mean', this.mean), field('Standard deviation', this.deviation))));
      }

      get shape() {
        return this.extents.map(extent => typeof extent === 'number' ? extent : Math.max(0, extent.value | 0));
      }

      choose(mode) {
        if (mode === 'JSON' && !this.text.value && this.values?.length <= 4096) {
          this.text.value = JSON.stringify(this.values);
        }
        this.mode = mode;
        for (const [name, panel] of Object.entries(this.panels)) if (panel) panel.hidden = name !== mode;
        this.update();
      }

      update() {
        this.preview.hidden = this.mode === 'JSON';
        if (this.mode === 'Picture') return this.draw();
        if (this.mode === 'JSON') return;
        const length = product(this.shape);
        this.values = length <= largest ? Array.from({ length }, makers[this.mode](this.tensor.datatype)) : null;
        this.show();
      }

      show() {
        const count = product(this.shape), start = this.values?.slice(0, 12).join(', ');
        this.preview.textContent = `${whole(count)} value${count === 1 ? '' : 's'}`
          + (start === undefined ? ': too many for this page' : count > 12 ? `: ${start}, …` : `: ${start}`);
      }

      // The elements of a plain array, of an object with `data`, or of a whole request.
      read() {
        let value = parse(this.text.value);
        value = value?.inputs?.find(input => input.name === this.tensor.name) ?? value;
        const data = value?.data ?? value;
        return { values: [data].flat(Infinity), shape: value?.shape ?? nestedShape(data) };
      }

      readShape() {
        try {
          const { shape } = this.read();
          if (shape.length !== this.extents.length) return;
          this.extents.forEach((extent, axis) => { if (extent.type) extent.value = shape[axis]; });
        } catch { }
      }

      draw() {
        const { shape, bitmap, canvas, axes } = this;
        const [c, h, w] = [axes.channels, axes.height, axes.width].map(axis => shape[axis]);
        this.values = null;
        canvas.hidden = !bitmap;
        if (!bitmap) return this.preview.textContent = 'Choose a picture that the browser can read.';
        if (!h || !w || product(shape) > largest) return this.show();
        [canvas.width, canvas.height] = [w, h];
        const context = canvas.getContext('2d', { willReadFrequently: true });
        let [x, y] = [w / bitmap.width, h / bitmap.height];
        if (this.fit.selectedIndex !== 1) x = y = this.fit.selectedIndex ? Math.min(x, y) : Math.max(x, y);
        [x, y] = [x * bitmap.width, y * bitmap.height];
        context.fillRect(0, 0, w, h);
        context.imageSmoothingQuality = 'high';
        context.drawImage(bitmap, (w - x) / 2, (h - y) / 2, x, y);
        this.values = this.convert(context.getImageData(0, 0, w, h).data, c, h * w, product(shape));
        this.show();
      }

      // From interleaved RGBA to the order of the tensor's axes.
      convert(pixels, channels, area, length) {
        const [mean, deviation] = [this.mean, this.deviation].map(node => node.value.split(',').map(Number));
        const isLast = this.axes.channels === 3, scale = isFloat(this.tensor.datatype) ? 1e6 : 1;
        return Array.from({ length }, (_, i) => {
          const channel = isLast ? i % channels : Math.floor(i / area) % channels;
          const at = 4 * (isLast ? Math.floor(i / channels) % area : i % area);
          const value = channels === 3 ? pixels[at + channel]
            : .299 * pixels[at] + .587 * pixels[at + 1] + .114 * pixels[at + 2];
          const scaled = (value / 255 - (mean[channel] ?? mean[0])) / (deviation[channel] ?? deviation[0]);
          return Math.round(scaled * scale) / scale;
        });
      }

      request() {
        const { tensor: { name, datatype }, shape } = this;
        try {
          let data = this.mode === 'JSON' ? this.read().values : this.values;
          if (!data) throw new Error(this.preview.textContent);
          if (/INT64/.test(datatype)) data = data.map(value => typeof value === 'string' ? JSON.rawJSON(value) : value);
          if (data.length === product(shape)) return { name, datatype, shape, data };
          throw new Error(`${whole(data.length)} values, but the shape ${shapeText(shape)} needs ${whole(product(shape))}`);
        } catch (error) {
          throw new Error(`Input '${name}': ${error.message}`);
        }
      }
    }
    """#
}
