extension ServerPage {
  static let scriptParts = [protocolScript, modelScript, inputScript, resultScript]

  /// Making elements, and speaking the protocol. Text only ever becomes text nodes: names of models come from outside.
  private static let protocolScript = #"""
    'use strict';
    const element = id => document.getElementById(id);
    const product = numbers => numbers.reduce((a, b) => a * b, 1);
    const whole = number => Number(number ?? 0).toLocaleString('en').replaceAll(',', ' ');
    const shapeText = shape => shape.map(n => n < 0 ? '?' : n).join(' × ') || 'scalar';

    // make('p.quiet', { title: 'x' }, 'text', node, null)
    function make(kind, properties, ...children) {
      const [tag, className = ''] = kind.split('.');
      const node = Object.assign(document.createElement(tag), { className });
      for (const [key, value] of Object.entries(properties)) {
        if (key in node) node[key] = value;
        else node.setAttribute(key, value);
      }
      node.append(...children.flat().filter(child => child != null));
      return node;
    }
    const quiet = (...text) => make('span.quiet', {}, ...text);
    const failure = text => make('p.error', { role: 'alert' }, text);

    // Integers that a number cannot hold stay text.
    function parse(text) {
      const exact = (_, value, context) =>
        Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source || value;
      return JSON.parse(text, /\d{16}/.test(text) && exact);
    }

    // A server with an access file asks for a key. It is kept for as long as the tab is open.
    let key = sessionStorage.getItem('key') ?? '';
    const signed = headers => key ? { ...headers, Authorization: `Bearer ${key}` } : headers;
    element('key').addEventListener('change', () => {
      key = element('key').value.trim();
      sessionStorage.setItem('key', key);
      refresh();
    });

    // The JSON part of an answer and the bytes behind it. Fails with the server's own message.
    async function call(address, options) {
      const response = await fetch(address, { cache: 'no-store', ...options, headers: signed(options?.headers) });
      if (response.status === 401) element('access').hidden = false;
      const bytes = new Uint8Array(await response.arrayBuffer());
      const split = Number(response.headers.get('Inference-Header-Content-Length') ?? bytes.length);
      let value;
      try {
        value = parse(new TextDecoder().decode(bytes.subarray(0, split)));
      } catch (error) {
        if (response.ok) throw error;
      }
      if (!response.ok) throw new Error(value?.error ?? `${response.status} ${response.statusText}`);
      return { value, response, size: bytes.length, tail: bytes.subarray(split) };
    }

    // The answer to an inference tells the time of its stages when it is asked with `Server-Timing`.
    const post = (body, headers) => (
      { method: 'POST', headers: { 'Content-Type': 'application/json', 'Server-Timing': '1', ...headers }, body });

    function duration(ms) {
      if (!Number.isFinite(ms)) return '–';
      if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
      return ms >= 1 ? `${ms.toPrecision(3)} ms` : `${Math.round(ms * 1000)} µs`;
    }

    function size(bytes) {
      const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
      return `${Number((bytes / 1000 ** power).toPrecision(3))} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
    }
    """#
}
