extension ServerPage {
  /// The list of models, and what is known of the chosen one.
  static let modelScript = #"""
    // A model is known by its link: `#/NAME/VERSION`.
    const link = ({ name, version }) => `#/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;
    const mean = stat => stat?.count ? stat.ns / stat.count / 1e6 : NaN;
    let entries = [], statistics = {}, chosen = null, listed = '';
    const entry = () => entries.find(entry => link(entry) === chosen);
    const badge = state =>
      make(`span.badge ${{ READY: 'good', UNAVAILABLE: 'bad' }[state] ?? ''}`, {}, state ?? 'UNKNOWN');

    function showList() {
      const models = new Map(), focused = document.activeElement.getAttribute('href');
      for (const entry of entries) {
        const href = link(entry), success = statistics[href]?.inference_stats?.success;
        const row = make('a', { href, ...href === chosen && { 'aria-current': 'page' } }, `v${entry.version}`,
          quiet(success?.count ? `${whole(success.count)} · ${duration(mean(success))}` : ''), badge(entry.state),
          entry.reason ? make('small.quiet', {}, entry.reason) : null);
        if (!models.has(entry.name)) models.set(entry.name, make('div', {}, make('strong', {}, entry.name)));
        models.get(entry.name).append(row);
      }
      element('models').replaceChildren(...models.values(), entries.length ? '' : quiet('There are no models.'));
      for (const row of document.querySelectorAll('#models a')) {
        if (row.getAttribute('href') === focused) row.focus({ preventScroll: true });
      }
    }

    function showStatistics() {
      const model = statistics[chosen] ?? {}, stats = model.inference_stats ?? {};
      const bytes = (model.memory_usage ?? []).reduce((sum, use) => sum + Number(use.byte_size), 0);
      const figures = {
        'Answered': whole(stats.success?.count), 'Failed': whole(stats.fail?.count),
        'Mean time': duration(mean(stats.success)), 'Mean wait': duration(mean(stats.queue)),
        'Mean run': duration(mean(stats.compute_infer)),
        'Mean batch': model.execution_count ? (model.inference_count / model.execution_count).toPrecision(2) : '–',
        'Memory': bytes ? size(bytes) : '–',
        'Last request': model.last_inference ? new Date(model.last_inference).toLocaleTimeString('sv') : 'never',
      };
      element('statistics')?.replaceChildren(...Object.entries(figures).map(([name, value]) =>
        make('div', {}, make('dt', {}, name), make('dd', {}, value))));
    }

    function signature(model) {
      const rows = ['Inputs', 'Outputs'].flatMap(kind => model[kind.toLowerCase()].map((tensor, place) => make('tr', {},
        make('th', {}, place ? '' : kind), make('td.name', {}, make('code', {}, tensor.name)),
        make('td', {}, tensor.datatype), make('td.mono', {}, shapeText(tensor.shape)))));
      return make('section.card', {}, make('h3', {}, 'Signature'), make('div.scroll', {}, make('table', {}, rows)));
    }

    async function showModel() {
      const shown = chosen, parts = shown.split('/'), address = `v2/models/${parts[1]}/versions/${parts[2]}`;
      const [, name, version] = parts.map(decodeURIComponent), state = entry()?.state;
      const title = make('div.title', {}, make('h2', {}, name), quiet('version ', version), state ? badge(state) : null);
      document.title = `${name} – AI Mass`;
      let cards;
      try {
        const { value } = await call(address);
        title.append(quiet(value.platform));
        cards = [signature(value), make('section.card', {}, make('h3', {}, 'Since it was loaded'),
          make('dl', { id: 'statistics' })), trial(address, value)];
      } catch (error) {
        cards = [failure(entry()?.reason || error.message)];
      }
      if (chosen !== shown) return;
      element('main').replaceChildren(title, ...cards);
      showStatistics();
    }

    function route() {
      const first = entries.find(entry => entry.state === 'READY') ?? entries[0];
      let next = first && link(first);
      try {
        const [name, version] = location.hash.slice(2).split('/').map(decodeURIComponent);
        if (version) next = link({ name, version });
      } catch { }
      if (!next) element('main').replaceChildren();
      if (!next || next === chosen) return;
      chosen = next;
      showList();
      showModel();
    }

    async function refresh() {
      try {
        const [index, stats, ready] = await Promise.all([call('v2/repository/index', post('{}')),
          call('v2/models/stats'), fetch('v2/health/ready', { cache: 'no-store' })]);
        const before = entry()?.state;
        entries = index.value;
        statistics = Object.fromEntries(stats.value.model_stats.map(model => [link(model), model]));
        element('health').replaceChildren(ready.ok ? badge('READY') : make('span.badge bad', {}, 'NOT READY'));
        element('trouble').hidden = true;
        const text = JSON.stringify([entries, statistics]);
        if (text !== listed) showList();
        listed = text;
        if (chosen && before !== entry()?.state) showModel();
        else showStatistics();
        route();
      } catch (error) {
        const isSilent = error instanceof TypeError;
        element('trouble').textContent = (isSilent ? 'The server does not answer: ' : '') + error.message;
        element('trouble').hidden = false;
      }
    }
    """#
}
