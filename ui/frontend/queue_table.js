// The queue: a real <table>, keyboard first. Moving and selecting never cause a rerun of the page;
// only opening and deciding send a trigger to Python.
import {el, button, style, badge, base, dialogOpen, watchLine} from "./dom.js"

const css = base + `
.tools{display:flex;gap:10px;align-items:center;flex-wrap:wrap;padding:4px 0 8px;min-height:34px}.tools .n{font-weight:600}.tools .hint{margin-left:auto;color:#545b63}.hint kbd{margin:0 2px 0 8px}
.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse}th{text-align:left;font-weight:600;color:#454c54;padding:6px 10px;border-bottom:1px solid #aeb4bb;white-space:nowrap}
td{padding:7px 10px;border-bottom:1px solid #e4e7ea;overflow-wrap:anywhere}tr[aria-selected=true] td{background:#e8f2f7}tbody tr{cursor:pointer}tbody tr:hover td{background:#f6f8f9}tbody tr[aria-selected=true]:hover td{background:#dfedf4}
tbody tr:focus{outline:2px solid var(--st-primary-color,#0b5a7a);outline-offset:-2px}
.num{text-align:right;font-variant-numeric:tabular-nums}.id{font-weight:600;white-space:nowrap}.sub{color:#545b63;font-size:13px}
.empty{padding:48px 20px;text-align:center;color:#454c54;border:1px dashed #b9bfc6;border-radius:8px}.empty b{display:block;font-size:16px;color:#1f2428;margin:0 0 4px}
.cell{display:flex;gap:6px;flex-wrap:wrap;align-items:center}
`
const instances = new WeakMap()

export default function (c) {
  const {parentElement, data, setTriggerValue} = c
  let I = instances.get(parentElement)
  if (!I) {
    const root = el("div", "root")
    parentElement.append(style(css), root)
    I = {root, selected: new Set(), here: 0, fresh: true}
    // J works from anywhere on the page that is not a field, so that the list is one key away.
    I.onkey = e => {
      const a = document.activeElement
      if (e.key !== "j" || e.ctrlKey || e.metaKey || e.altKey || dialogOpen() || (a && a !== document.body && a.matches("input,textarea,select,[contenteditable]")) || I.root.contains(I.root.getRootNode().activeElement)) return
      const row = I.root.querySelector("tbody tr[tabindex='0']"); if (row) { e.preventDefault(); row.focus() }
    }
    I.unwatch = watchLine(I, () => I.trigger("hello", {at: Date.now()}))
    document.addEventListener("keydown", I.onkey); instances.set(parentElement, I)
  }
  I.trigger = setTriggerValue
  const pending = I.away && I.pending
  I.away = false; I.pending = null
  const send = (name, value) => I.away ? (I.pending = [name, value]) : setTriggerValue(name, {...value, at: Date.now()})
  if (pending) setTimeout(() => send(...pending), 0)
  const rows = data.rows
  const ids = new Set(rows.map(r => r.id))
  for (const id of [...I.selected]) if (!ids.has(id)) I.selected.delete(id)
  const was = I.current && rows.findIndex(r => r.id === I.current)
  I.here = was >= 0 && I.current ? was : Math.min(I.here, Math.max(rows.length - 1, 0))      // the row under the cursor stays under it
  const active = I.root.getRootNode().activeElement, had = I.root.contains(active) && (active.closest("tbody") || active.closest(".tools"))
  I.root.replaceChildren()
  const finish = () => { const a = document.activeElement; const row = I.root.querySelector("tbody tr[tabindex='0']"); if (row && (had || (data.autofocus && I.fresh && (!a || a === document.body)))) row.focus({preventScroll: !had}); I.fresh = false }   // never steal focus later
  const cleanup = () => { I.unwatch(); document.removeEventListener("keydown", I.onkey); instances.delete(parentElement) }
  if (!rows.length) {
    const box = el("div", "empty"); const [head, ...rest] = data.empty || ["Nothing here."]
    box.append(el("b", "", head), ...rest.map(t => el("div", "", t))); I.root.append(box); I.fresh = false
    return cleanup
  }
  const tools = el("div", "tools"), n = el("span", "n"), actions = data.bulk || []
  n.setAttribute("role", "status")
  const buttons = actions.map(a => { const b = button("", "btn" + (a.primary ? " primary" : ""), () => decide(a)); tools.append(b); return [a, b] })
  tools.prepend(n)
  const clear = button("Clear", "btn", () => { I.selected.clear(); paint() }); tools.append(clear)
  const hint = el("span", "hint")
  for (const [k, t] of [["J", ""], ["K", "move"], ...(actions.length ? [["X", "select"]] : []), ["Enter", "open"], ...actions.filter(a => a.key).map(a => [a.key.toUpperCase(), a.verb]), ...(data.undo ? [["U", "undo"]] : [])]) hint.append(el("kbd", "", k), t)
  tools.append(hint)
  const table = el("table"), head = el("thead"), hr = el("tr"), body = el("tbody"); table.setAttribute("aria-label", data.label || "Review queue")
  const picks = actions.length > 0
  if (picks) { const th = el("th"); th.scope = "col"; th.append(el("span", "sr", "Selected")); hr.append(th) }
  for (const col of data.columns) { const th = el("th", col.num ? "num" : "", col.title); th.scope = "col"; hr.append(th) }
  head.append(hr); table.append(head, body); const scroll = el("div", "scroll"); scroll.append(table); I.root.append(tools, scroll)
  const chosen = a => (I.selected.size ? rows.filter(r => I.selected.has(r.id)) : []).filter(r => !a.only || r.can?.includes(a.name))
  const paint = () => {
    [...body.rows].forEach((tr, i) => { tr.tabIndex = i === I.here ? 0 : -1; const on = I.selected.has(rows[i].id); if (picks) { tr.setAttribute("aria-selected", String(on)); tr.cells[0].firstChild.checked = on } })
    n.textContent = I.selected.size ? `${I.selected.size} selected` : data.count || `${rows.length} letters`
    clear.hidden = !I.selected.size
    for (const [a, b] of buttons) { const k = chosen(a).length; b.hidden = !I.selected.size; b.textContent = a.label.replace("{n}", k); b.disabled = !k }
  }
  const focus = i => { I.here = Math.max(0, Math.min(rows.length - 1, i)); I.current = rows[I.here].id; paint(); body.rows[I.here].focus() }
  const toggle = i => { const id = rows[i].id; I.selected.has(id) ? I.selected.delete(id) : I.selected.add(id); paint() }
  const after = list => { const gone = new Set(list); const next = rows.slice(I.here).find(r => !gone.has(r.id)) || rows.slice(0, I.here).reverse().find(r => !gone.has(r.id)); I.current = next?.id }
  const decide = (a, row) => {
    const list = row ? (a.only && !row.can?.includes(a.name) ? [] : [row]) : chosen(a)
    if (!list.length) { n.textContent = row?.cannot || `${a.label.replace(" {n}", "")}: not possible for ${row ? row.id : "these"}`; return }
    if (a.moves) after(list.map(r => r.id))
    send("act", {name: a.name, letters: list.map(r => ({id: r.id, revision: r.revision, sha: r.sha}))})
  }
  const open = r => send("open", {id: r.id})
  rows.forEach((r, i) => {
    const tr = el("tr"); tr.dataset.id = r.id
    if (picks) { const td = el("td"), box = el("input"); box.type = "checkbox"; box.tabIndex = -1; box.setAttribute("aria-label", "Select " + r.id); box.onclick = e => { e.stopPropagation(); I.here = i; I.current = r.id; toggle(i) }; td.append(box); td.onclick = e => e.stopPropagation(); tr.append(td) }
    for (const col of data.columns) {
      const v = r.cells[col.name], td = el("td", (col.num ? "num " : "") + (col.name === "id" ? "id" : ""))
      if (Array.isArray(v)) { const box = el("div", "cell"); for (const [text, tone] of v) box.append(tone ? badge(text, tone) : el("span", "", text)); td.append(box) } else td.textContent = v ?? ""
      tr.append(td)
    }
    tr.onclick = () => { I.here = i; I.current = r.id; open(r) }
    tr.onkeydown = e => {
      if (e.ctrlKey || e.metaKey || e.altKey) return
      const keys = {j: () => focus(i + 1), ArrowDown: () => focus(i + 1), k: () => focus(i - 1), ArrowUp: () => focus(i - 1), Home: () => focus(0), End: () => focus(rows.length - 1), Enter: () => open(r), o: () => open(r)}
      if (picks) { keys.x = () => toggle(i); keys[" "] = () => toggle(i) }
      if (data.undo) keys.u = () => send("undo", {})
      for (const a of actions) if (a.key) keys[a.key] = () => decide(a, I.selected.size ? null : r)
      const run = keys[e.key]
      if (run) { e.preventDefault(); e.stopPropagation(); run() }
    }
    body.append(tr)
  })
  paint(); finish()
  return cleanup
}
