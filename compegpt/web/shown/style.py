"""The style of everything this package draws, for light pages and for dark ones (a parent of class `dark`)."""

from __future__ import annotations

_COLOURS = """
.cg { color-scheme: light;
  --cg-ink: #1a2129; --cg-soft: #55606e; --cg-page: #ffffff; --cg-raised: #f5f7f9; --cg-line: #d8dee6;
  --cg-good: #0a6b4a; --cg-good-page: #e6f4ee; --cg-bad: #b1281d; --cg-bad-page: #fcebe9; --cg-busy: #1c5db5;
  --cg-pale: #b9c3cf; --cg-fill: #5b8fd6; --cg-heat: 91, 155, 230; --cg-cut: #ffffff; }
.dark .cg { color-scheme: dark;
  --cg-ink: #e9edf2; --cg-soft: #a7b1be; --cg-page: #171c23; --cg-raised: #1f262f; --cg-line: #38424e;
  --cg-good: #5fd3a6; --cg-good-page: #173629; --cg-bad: #ff9288; --cg-bad-page: #401f1d; --cg-busy: #8ab9ff;
  --cg-pale: #55606e; --cg-fill: #5b8fd6; --cg-heat: 36, 96, 176; --cg-cut: #12161b; }
"""

_BASE = """
.cg { color: var(--cg-ink); font-size: 15px; line-height: 1.5; font-variant-numeric: tabular-nums; text-align: left;
  max-width: 100%; min-width: 0; overflow-wrap: anywhere; }
.cg *, .cg *::before { box-sizing: border-box; }
.cg * { color: inherit; }
.cg p, .cg h3, .cg h4, .cg ul, .cg dl, .cg dd, .cg figure { margin: 0; padding: 0; color: inherit; }
.cg h3.cg-title { font-size: 18px; line-height: 1.3; font-weight: 650; margin-bottom: 10px; }
.cg small { font-size: 13px; font-weight: 400; color: var(--cg-soft); }
.cg .cg-note, .cg .cg-meta, .cg .cg-none { font-size: 13px; color: var(--cg-soft); }
.cg .cg-none strong { color: var(--cg-ink); }
.cg .cg-error { font-size: 14px; color: var(--cg-bad); }
.cg code { font-size: 13px; padding: 1px 5px; border-radius: 5px; background: var(--cg-raised); color: var(--cg-ink);
  border: 1px solid var(--cg-line); white-space: normal; }
.cg .cg-number { font-weight: 500; color: var(--cg-soft); }
.cg .cg-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.cg .cg-tag { display: inline-block; font-size: 12px; font-weight: 600; line-height: 18px; padding: 0 8px;
  border-radius: 9px; white-space: nowrap; color: var(--cg-soft); background: var(--cg-raised);
  border: 1px solid var(--cg-line); }
.cg .cg-tag.cg-ok { color: var(--cg-good); background: var(--cg-good-page); border-color: currentColor; }
.cg .cg-tag.cg-failed { color: var(--cg-bad); background: var(--cg-bad-page); border-color: currentColor; }
.cg .cg-letter { flex: none; display: inline-block; min-width: 20px; font-size: 12px; font-weight: 650;
  line-height: 20px; text-align: center; border-radius: 5px; color: var(--cg-ink); background: var(--cg-line); }
.cg .cg-bar { display: inline-block; width: 64px; height: 5px; border-radius: 3px; background: var(--cg-line);
  overflow: hidden; vertical-align: middle; }
.cg .cg-bar::before { content: ""; display: block; height: 100%; width: calc(var(--v) * 100%);
  background: var(--cg-fill); }
.cg .cg-scroll { position: relative; overflow-x: auto; max-width: 100%; }
.cg .cg-scroll:focus-visible, .cg .cg-tall:focus-visible, .cg summary:focus-visible {
  outline: 2px solid var(--cg-busy); outline-offset: 2px; border-radius: 6px; }
.cg summary { cursor: pointer; color: var(--cg-ink); }
.cg summary:hover { color: var(--cg-busy); }
.cg .cg-fold { margin-top: 14px; border-top: 1px solid var(--cg-line); padding-top: 10px; }
.cg .cg-fold > summary { font-weight: 600; }
.cg .cg-fold > :not(summary) { margin-top: 10px; }
.cg .cg-block { margin-top: 24px; }
"""

_PLAN = """
.cg .cg-graph { display: block; max-width: 100%; height: auto; overflow: visible; font-family: inherit; }
.cg .cg-arrows path { fill: none; stroke: var(--cg-pale); stroke-width: 1.6; }
.cg .cg-arrows .cg-tip { fill: var(--cg-pale); stroke: none; }
.cg .cg-node { color: var(--cg-soft); }
.cg .cg-node.cg-running { color: var(--cg-busy); }
.cg .cg-node.cg-ok { color: var(--cg-good); }
.cg .cg-node.cg-failed { color: var(--cg-bad); }
.cg .cg-node rect { fill: var(--cg-raised); stroke: var(--cg-line); stroke-width: 1.4; }
.cg .cg-node.cg-running rect, .cg .cg-node.cg-ok rect, .cg .cg-node.cg-failed rect { stroke: currentColor; }
.cg .cg-node.cg-ok rect { fill: var(--cg-good-page); }
.cg .cg-node.cg-failed rect { fill: var(--cg-bad-page); }
.cg .cg-node.cg-skipped rect, .cg .cg-node.cg-waiting rect { stroke-dasharray: 4 3; stroke: var(--cg-pale); }
.cg .cg-node text { fill: var(--cg-ink); font-size: 13px; font-weight: 600; }
.cg .cg-node .cg-node-said { fill: currentColor; font-size: 12px; font-weight: 400; }
.cg .cg-node .cg-number { fill: var(--cg-soft); font-weight: 400; }
.cg .cg-sign circle, .cg .cg-sign path { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round;
  stroke-linejoin: round; }
.cg .cg-sign .cg-full { fill: currentColor; }
.cg .cg-sign .cg-cut { stroke: var(--cg-cut); }
.cg .cg-running .cg-sign circle { opacity: 0.25; }
.cg .cg-spin { animation: cg-turn 1.1s linear infinite; }
@keyframes cg-turn { to { transform: rotate(360deg); } }
@media (prefers-reduced-motion: reduce) { .cg .cg-spin { animation: none; } }
"""

_COMPETITION = """
.cg .cg-verdict strong { font-size: 16px; }
.cg .cg-stats + .cg-verdict { margin-top: 8px; }
.cg .cg-reason { margin-top: 8px; color: var(--cg-soft); }
.cg .cg-stats { display: flex; flex-wrap: wrap; gap: 6px 32px; margin-top: 8px; }
.cg .cg-stats dt { font-size: 14px; }
.cg .cg-stats dd { font-size: 20px; font-weight: 600; line-height: 1.3; }
.cg .cg-stats .cg-bar { width: 96px; margin-left: 10px; }
.cg .cg-cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 248px), 1fr)); gap: 12px;
  align-items: start; margin-top: 14px; }
.cg .cg-card { min-width: 0; max-width: 100%; padding: 12px 14px; border: 1px solid var(--cg-line);
  border-radius: 12px; background: var(--cg-page); }
.cg .cg-card.cg-won { border: 2px solid var(--cg-good); padding: 11px 13px; }
.cg .cg-card header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; }
.cg .cg-card h4 { flex: 0 1 auto; min-width: 0; font-size: 15px; font-weight: 650; line-height: 1.3; }
.cg .cg-card .cg-tag { margin-left: auto; }
.cg .cg-card .cg-meta { margin-top: 2px; }
.cg .cg-figures { margin-top: 6px; max-width: 340px; font-size: 13px; }
.cg .cg-figures div { display: flex; justify-content: space-between; gap: 8px; }
.cg .cg-figures dt { color: var(--cg-soft); }
.cg .cg-figures .cg-bar { margin-left: 8px; }
.cg .cg-output { margin-top: 10px; padding-top: 10px; border-top: 1px solid var(--cg-line); }
.cg .cg-output > * + *, .cg .cg-card > .cg-note, .cg .cg-card > .cg-error { margin-top: 8px; }
.cg .cg-text { white-space: pre-wrap; font-size: 14px; }
.cg .cg-tall { max-height: 320px; overflow-y: auto; }
.cg .cg-more > summary { font-size: 13px; color: var(--cg-soft); margin-top: 6px; }
.cg .cg-image, .cg .cg-video { display: block; max-width: 100%; max-height: 280px; width: auto; height: auto; margin: 0;
  border-radius: 8px; background: var(--cg-raised); }
.cg .cg-audio { display: block; width: 100%; }
.cg ul.cg-labels { list-style: none; }
.cg .cg-labels li, .cg p.cg-labels { display: grid; grid-template-columns: minmax(0, 1fr) 64px 34px; gap: 8px;
  align-items: center; font-size: 14px; margin: 0; padding: 1px 0; }
.cg .cg-labels .cg-value { text-align: right; }
.cg .cg-masks { display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: 8px; }
.cg .cg-masks figcaption { font-size: 12px; color: var(--cg-soft); }
"""

_TABLES = """
.cg table.cg-table { border-collapse: collapse; width: auto; margin: 0; padding: 0; border: 0;
  font-size: 13px; }
.cg .cg-table th, .cg .cg-table td { padding: 5px 10px 5px 0; border: 0; text-align: left; vertical-align: top;
  color: inherit; background: none; font-weight: 400; }
.cg .cg-table tr { border: 0; background: none; }
.cg .cg-table thead th { font-weight: 600; color: var(--cg-soft); white-space: nowrap; }
.cg .cg-table caption { caption-side: top; text-align: left; font-size: 13px; color: var(--cg-soft); padding: 0 0 8px; }
.cg .cg-table th small { display: block; font-size: 12px; line-height: 1.35; }
.cg .cg-found { width: 100%; overflow-wrap: break-word; }
.cg .cg-found td:last-child:not(:first-child) { white-space: nowrap; }
.cg table.cg-heat { border-collapse: separate; border-spacing: 2px; }
.cg .cg-heat thead th, .cg .cg-heat .cg-cell { text-align: center; }
.cg .cg-heat tbody th { min-width: 128px; max-width: 240px; }
.cg .cg-table.cg-heat .cg-cell { min-width: 46px; padding: 6px 4px; vertical-align: middle;
  border-radius: 6px; color: var(--cg-ink); background: rgba(var(--cg-heat), var(--v)); }
.cg .cg-signals tbody th { min-width: 170px; max-width: 340px; font-weight: 600; }
.cg .cg-signals td { min-width: 58px; }
.cg .cg-signals td .cg-bar { display: block; width: 44px; margin-top: 3px; }
.cg .cg-signals tbody tr, .cg .cg-standing tbody tr { border-top: 1px solid var(--cg-line); }
.cg .cg-signals .cg-winning, .cg .cg-signals .cg-total td { font-weight: 650; }
.cg table.cg-standing { table-layout: fixed; width: 100%; min-width: 610px; max-width: 820px; }
.cg .cg-standing thead th { width: 112px; }
.cg .cg-standing thead th:nth-child(2) { width: 62px; }
.cg .cg-standing tr > th:first-child { width: 150px; }
.cg .cg-standing tbody th { font-weight: 600; }
.cg .cg-standing .cg-plot { margin-left: -4px; }
.cg .cg-standing td .cg-bar, .cg .cg-plot { display: block; margin-top: 4px; }
.cg .cg-plot { fill: var(--cg-fill); }
.cg .cg-plot.cg-bad { fill: var(--cg-bad); }
.cg .cg-plot path { fill: none; stroke: var(--cg-line); stroke-width: 1.2; }
.cg .cg-plot .cg-range { stroke: var(--cg-ink); }
.cg .cg-bar.cg-pace::before { background: var(--cg-soft); }
.cg .cg-count { float: right; font-weight: 400; font-size: 13px; color: var(--cg-soft); }
.cg .cg-task > summary { overflow: hidden; }
@media (max-width: 640px) { .cg .cg-count { float: none; display: block; } }
.cg .cg-dot { display: inline-block; width: 8px; height: 8px; border-radius: 4px; margin-right: 6px;
  background: var(--cg-good); }
.cg .cg-dot.cg-failed { background: var(--cg-bad); }
.cg ul.cg-list { list-style: none; }
.cg .cg-list li { margin: 0; padding: 6px 0; }
.cg .cg-task { margin-top: 8px; padding-top: 8px; }
"""

CSS = "".join((_COLOURS, _BASE, _PLAN, _COMPETITION, _TABLES))
