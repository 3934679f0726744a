// Facts, notes and lists as plain text: what customers and models wrote can not become markup here.
import {el, style, badge, base, button} from "./dom.js"

const css = base + `
.sheet{display:grid;gap:12px}.box{border:1px solid #d3d8dd;border-radius:8px;padding:10px 14px;background:#fff}.box.bare{border:0;padding:0;text-align:right;background:none}.box.soft{background:#f7f9fa}.box.note,.box.bad,.box.alert{padding:6px 14px;border-width:0 0 0 4px;border-radius:4px}.box.note{background:#e9f3f8;border-color:#0b5a7a;color:#0b3c52}.box.bad,.box.alert{background:#fdecea;border-color:#8c1d18;color:#5f1411}.box h2,.box h3{font-size:14px;margin:0 0 6px;font-weight:650}
dl{display:grid;grid-template-columns:fit-content(38%) minmax(0,1fr);gap:3px 14px;margin:0}dt{color:#545b63;overflow-wrap:anywhere}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
ul{margin:0;padding:0;list-style:none}li{padding:3px 0;overflow-wrap:anywhere}.cell{display:flex;gap:6px;flex-wrap:wrap;align-items:center}.text{white-space:pre-wrap;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse}caption{text-align:left;font-weight:650;padding:0 0 6px}th{text-align:left;font-weight:600;color:#454c54;padding:4px 10px 4px 0;border-bottom:1px solid #aeb4bb}td{padding:4px 10px 4px 0;border-bottom:1px solid #e4e7ea;overflow-wrap:anywhere}.num{text-align:right;font-variant-numeric:tabular-nums}
.link{border:0;background:none;padding:0;color:#0b5a7a;text-decoration:underline;cursor:pointer;text-align:left}.scroll{overflow-x:auto;max-height:420px;overflow-y:auto}
.empty{padding:36px 20px;text-align:center;color:#454c54;border:1px dashed #b9bfc6;border-radius:8px}.empty code{display:inline-block;margin-top:8px;padding:3px 10px;background:#f1f3f5;border-radius:6px;overflow-wrap:anywhere;user-select:all}.empty b{display:block;font-size:16px;color:#1f2428;margin:0 0 4px}
`
const roots = new WeakMap()
const put = (parent, v) => { if (Array.isArray(v)) { const box = el("div", "cell"); for (const [text, tone] of v) box.append(tone ? badge(text, tone) : el("span", "", text)); parent.append(box) } else parent.append(document.createTextNode(v ?? "")) }

export default function (c) {
  const {parentElement, data, setTriggerValue} = c
  let root = roots.get(parentElement)
  if (!root) { root = el("div", "root sheet"); parentElement.append(style(css), root); roots.set(parentElement, root) }
  root.replaceChildren()
  for (const b of data.blocks) {
    if (b.empty) { const box = el("div", "empty"); box.append(el("b", "", b.empty[0]), ...b.empty.slice(1).map(t => el(t.startsWith("amends ") ? "code" : "div", "", t))); root.append(box); continue }
    const box = el("section", "box " + (b.tone || "")); if (b.tone === "note" || b.tone === "bad") box.setAttribute("role", "status")
    if (b.title) { box.append(el("h2", "", b.title)); box.setAttribute("aria-label", b.title) }
    if (b.text) box.append(el("div", "text", b.text))
    if (b.link?.href.startsWith("/")) { const a = el("a", "link", b.link.label); a.href = b.link.href; a.target = "_self"; box.append(a) }   // a page of this desk, in this window
    if (b.facts) { const dl = el("dl"); for (const [k, v] of b.facts) { const dd = el("dd"); put(dd, v); dl.append(el("dt", "", k), dd) } box.append(dl) }
    if (b.items) { const ul = el("ul"); for (const v of b.items) { const li = el("li"); put(li, v); ul.append(li) } box.append(ul) }
    if (b.rows) {
      const t = el("table"), tr = el("tr"), head = el("thead"), body = el("tbody")
      if (b.caption) t.append(el("caption", "", b.caption))
      for (const col of b.columns) { const th = el("th", col.num ? "num" : "", col.title); th.scope = "col"; tr.append(th) }
      head.append(tr)
      for (const r of b.rows) { const row = el("tr"); b.columns.forEach((col, i) => { const td = el("td", col.num ? "num" : ""); if (r.open && i === 0) td.append(button(String(r.cells[i]), "link", () => setTriggerValue("open", {id: r.open, at: Date.now()}))); else put(td, r.cells[i]); row.append(td) }); body.append(row) }
      t.append(head, body); const s = el("div", "scroll"); s.tabIndex = 0; s.setAttribute("role", "region"); s.setAttribute("aria-label", b.caption || b.title || "Table"); s.append(t); box.append(s)
    }
    root.append(box)
  }
  return () => roots.delete(parentElement)
}
