// Fields that somebody fills in. Every word is kept on the server as it is typed: no reload, restart or click loses one.
import {el, style, base, watchLine} from "./dom.js"

const css = base + `
.fields{display:grid;grid-template-columns:1fr 1fr;gap:10px 12px}label{display:block;grid-column:1/-1}label.half{grid-column:auto}
input,textarea{display:block;width:100%;box-sizing:border-box;margin-top:4px;padding:8px 10px;border:1px solid #c3c8ce;border-radius:6px;background:#fafbfb;}textarea{resize:vertical;min-height:38px;field-sizing:content;max-height:240px}
:is(input,textarea):focus{background:#fff}.hint{font-size:13px}.said{grid-column:1/-1;font-size:13px;min-height:19px}
`
const instances = new WeakMap()

export default function (c) {
  const {parentElement, data, setTriggerValue} = c
  let I = instances.get(parentElement)
  if (!I) {
    const root = el("div", "root fields")
    parentElement.append(style(css), root)
    I = {root, values: {}, seq: 0, kept: 0, said: el("div", "said dim"), drawn: ""}
    I.said.setAttribute("role", "status")
    I.put = (url, values) => fetch(url, {method: "PUT", keepalive: true, headers: {"content-type": "application/json", "x-amends": "1"}, body: JSON.stringify({values})})
    I.keep = async () => {                             // one at a time, so that no older text arrives after a newer one
      clearTimeout(I.timer)
      if (I.seq <= I.kept || I.busy) return
      I.busy = true
      const seq = I.seq, key = I.data.key
      try {
        const r = await I.put(I.data.keep_url, I.values)
        if (!r.ok) throw new Error(r.status === 401 ? "you are signed out" : `the server answered ${r.status}`)
        if (key === I.data.key) { I.kept = Math.max(I.kept, seq); I.said.textContent = "Kept as you type"; I.tell() }
      } catch (e) {
        I.said.textContent = "Not kept yet: " + (e instanceof TypeError ? "the server does not answer" : e.message) + ". Trying again."
        I.timer = setTimeout(I.keep, 1500)
      } finally { I.busy = false; if (I.seq > I.kept && !I.gone) { clearTimeout(I.timer); I.timer = setTimeout(I.keep, 1500) } }
    }
    I.tell = () => { if (I.told !== I.seq) { I.told = I.seq; I.trigger("typed", {values: {...I.values}, at: Date.now()}) } }
    I.leave = () => { if (I.seq > I.kept) { I.tell(); I.keep() } }      // told first: a click on the page comes after it
    I.onhide = () => { if (document.visibilityState === "hidden") I.leave() }
    root.addEventListener("focusout", I.leave)
    root.addEventListener("keydown", e => { if (e.key === "Enter" && e.target.matches("input")) I.leave() })
    window.addEventListener("beforeunload", I.leave); document.addEventListener("visibilitychange", I.onhide)
    I.unwatch = watchLine(I, () => I.trigger("hello", {at: Date.now()}))
    instances.set(parentElement, I)
  }
  I.trigger = setTriggerValue
  const before = I.data
  I.data = data
  I.away = false
  if (before?.key !== data.key) {
    if (before && I.seq > I.kept) I.put(before.keep_url, I.values).catch(() => {})
    I.values = {...data.values}; I.kept = I.seq; I.drawn = ""; I.said.textContent = ""
  }
  const shape = JSON.stringify(data.fields)
  if (shape !== I.drawn) {                             // never under somebody's pen: what is drawn stays while its shape does
    const active = I.root.getRootNode().activeElement?.name
    I.drawn = shape
    I.root.replaceChildren(...data.fields.map(f => {
      const label = el("label", f.half ? "half" : "", f.label), box = el(f.tall ? "textarea" : "input")
      box.name = f.name; box.value = I.values[f.name] || ""; box.maxLength = 8000; box.setAttribute("aria-label", f.label); if (f.tall) box.rows = 2
      if (f.example) box.placeholder = f.example
      box.oninput = () => { I.values[f.name] = box.value; ++I.seq; if (!I.said.textContent.startsWith("Not kept")) I.said.textContent = ""; clearTimeout(I.timer); I.timer = setTimeout(I.keep, 350) }
      label.append(box)
      if (f.hint) { const hint = el("span", "hint dim", f.hint); hint.id = "hint-" + data.fields.indexOf(f); box.setAttribute("aria-describedby", hint.id); label.append(hint) }
      return label
    }), I.said)
    if (active) I.root.querySelector(`[name="${CSS.escape(active)}"]`)?.focus()
  }
  return () => { I.gone = true; I.leave(); I.unwatch(); clearTimeout(I.timer); window.removeEventListener("beforeunload", I.leave); document.removeEventListener("visibilitychange", I.onhide); instances.delete(parentElement) }
}
