extension ServerPage {
  static let styleText = #"""
    :root {
      color-scheme: light dark; --back: #f6f7f6; --card: #fff; --text: #1b2421; --quiet: #5c6863; --line: #dde3e0; --accent: #0b6e5f;
      --tint: #e3f1ee; --bad: #b3261e; --bad-tint: #fceceb; --wait: #8a5a00; --wait-tint: #fdf3dc; --good: #12703a;
      --good-tint: #e2f4e8;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --back: #121715; --card: #1a211e; --text: #e4ebe8; --quiet: #98a59f; --line: #2d3733; --accent: #58c7b3;
        --tint: #1c3631; --bad: #ff9d94; --bad-tint: #3b1f1d; --wait: #f0c36a; --wait-tint: #392c12; --good: #7dd79b;
        --good-tint: #17331f;
      }
    }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
    h1, h2, h3, p { margin: 0; overflow-wrap: anywhere; }
    h1 { font-size: 1.15rem; }
    h2 { font-size: 1.45rem; line-height: 1.2; }
    h3 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--quiet); margin-bottom: .6rem; }
    a, summary { color: var(--accent); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .quiet, th, dt, label { color: var(--quiet); }
    code, td.number, .mono, textarea { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .87em; }
    header {
      background: var(--card); padding: .8rem max(1rem, (100% - 73rem) / 2); border-bottom: 1px solid var(--line);
    }
    header nav { margin-left: auto; display: flex; gap: 1rem; }
    .columns {
      display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 1.5rem; max-width: 76rem; margin: 0 auto;
      padding: 1.5rem;
    }
    #models { align-self: start; position: sticky; top: 1.5rem; max-height: calc(100vh - 3rem); overflow-y: auto; }
    #models div { margin-bottom: 1rem; }
    strong { display: block; padding: 0 .6rem .2rem; overflow-wrap: anywhere; }
    #models a {
      display: grid; grid-template-columns: auto 1fr auto; gap: .1rem .5rem; align-items: baseline;
      padding: .4rem .6rem; margin: 2px; border-radius: .4rem; color: inherit; text-decoration: none;
    }
    #models a:hover, #models [aria-current] { background: var(--tint); }
    #models [aria-current] { box-shadow: inset 3px 0 var(--accent); }
    small { grid-column: 1 / -1; overflow-wrap: anywhere; }
    main, form { display: grid; gap: 1rem; align-content: start; }
    header, .title, .row, .modes, .picture { display: flex; flex-wrap: wrap; gap: .4rem .8rem; align-items: baseline; }
    .badge {
      padding: .1rem .5rem; border-radius: 1rem; font-size: .72rem; font-weight: 600; background: var(--wait-tint);
      color: var(--wait);
    }
    .good { background: var(--good-tint); color: var(--good); }
    .bad, .error { background: var(--bad-tint); color: var(--bad); }
    .error { padding: .6rem 1rem; border-radius: .4rem; }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.2rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; }
    th, td { padding: .3rem 1rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); }
    tr:last-child > * { border-bottom: 0; }
    th { font-weight: 400; width: 1%; white-space: nowrap; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .name { overflow-wrap: anywhere; }
    .numbers { width: auto; }
    .top .number { width: 1%; }
    .top .bars { padding-right: 0; }
    .bar { background: var(--accent); height: .7rem; border-radius: 2px; min-width: 1px; }
    dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.6rem, 1fr)); gap: .9rem; margin: 0; }
    dt { font-size: .8rem; }
    dd { margin: 0; font-size: 1.1rem; }
    fieldset { border: 0; border-top: 1px solid var(--line); margin: 0; padding: .8rem 0 0; min-width: 0; }
    legend { float: left; width: 100%; padding: 0 0 .3rem; overflow-wrap: anywhere; }
    .row { align-items: center; margin: .5rem 0; clear: both; }
    button, input, select, textarea, ::file-selector-button {
      font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: .4rem;
      padding: .35rem .6rem; max-width: 100%;
    }
    textarea { width: 100%; min-height: 7rem; resize: vertical; }
    input[type=number] { width: 5.2rem; }
    input[type=file] { border: 0; padding: 0; color: var(--quiet); }
    ::file-selector-button { margin-right: .7rem; }
    .modes { gap: .3rem; }
    .modes label { color: var(--text); border: 1px solid var(--line); border-radius: .4rem; padding: .3rem .8rem; }
    .modes label:has(:checked) { background: var(--tint); color: var(--accent); border-color: var(--accent); }
    .modes label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 2px; }
    .modes input { position: absolute; opacity: 0; pointer-events: none; }
    .preview { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    canvas { border: 1px solid var(--line); border-radius: .3rem; height: 9rem; max-width: 100%; object-fit: contain; }
    .picture { align-items: start; }
    .picture > div { display: grid; gap: .6rem; }
    .picture label > * { display: block; width: 14rem; }
    button { background: var(--accent); color: var(--back); font-weight: 600; padding: .5rem 1.6rem; }
    button, summary, .modes label, ::file-selector-button { cursor: pointer; }
    .output { border-top: 1px solid var(--line); padding: .8rem 0; }
    @media (max-width: 46rem) {
      .columns { grid-template-columns: minmax(0, 1fr); padding: 1rem; }
      #models { position: static; max-height: 38vh; border-bottom: 1px solid var(--line); }
    }
    """#
}
