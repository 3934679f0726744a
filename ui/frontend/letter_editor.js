// The letter: subject and body in CodeMirror 6, findings as marks that move with the text, a card at the
// words, a rail beside them, inline diff, streaming of a draft, and the actions of the page.
// A Streamlit v2 component: the default export runs on mount AND on every rerun of the page.
import {EditorView, Decoration, keymap, hoverTooltip, showTooltip, drawSelection} from "@codemirror/view"
import {EditorState, StateField, StateEffect, Compartment, Annotation} from "@codemirror/state"
import {history, historyKeymap, defaultKeymap} from "@codemirror/commands"
import {unifiedMergeView} from "@codemirror/merge"
import {el, button, style, badge, base, pressed, dialogOpen, watchLine} from "./dom.js"

const setFindings = StateEffect.define(), openCard = StateEffect.define(), remote = Annotation.define()
const FIELDS = ["subject", "body"]
const LEVELS = {error: "Error", warning: "Warning", suggestion: "Suggestion"}
const RS = {recognition: "Recognition", responsibility: "Responsibility", remorse: "Remorse", restitution: "Restitution", prevention: "Prevention"}
const DISMISSALS = ["True and meant so", "The customer's own words", "Agreed with the customer", "The rule is wrong here"]
const fixable = f => f.suggestion !== null && f.suggestion !== undefined && f.start < f.end
const same = f => f.rule + "\u0000" + f.field + "\u0000" + f.quote

const findings = StateField.define({
  create: () => Decoration.none,
  update(marks, tr) {
    marks = marks.map(tr.changes)
    for (const e of tr.effects) if (e.is(setFindings)) {
      const length = tr.state.doc.length
      marks = Decoration.set(e.value.filter(f => f.start < f.end && f.end <= length).map(f =>
        Decoration.mark({class: "f f-" + f.level, finding: f, attributes: {"data-rule": f.rule}}).range(f.start, f.end)), true)
    }
    return marks
  },
  provide: f => EditorView.decorations.from(f),
})
const ranges = state => { const out = []; state.field(findings).between(0, state.doc.length, (from, to, d) => { out.push({from, to, f: d.spec.finding}) }); return out }
const at = (state, place) => ranges(state).filter(r => r.from <= place && place <= r.to)

const theme = EditorView.theme({
  "&.cm-focused": {outline: "none"},
  ".cm-scroller": {fontFamily: "Georgia,'Liberation Serif',serif", fontSize: "16px", lineHeight: "1.7"},
  ".cm-content": {padding: "14px 20px"}, ".cm-tooltip": {border: "1px solid #b9bfc6", background: "#fff", borderRadius: "8px", zIndex: "60"},
  ".cm-deletedChunk": {background: "#fdecea", paddingLeft: "20px"}, ".cm-changedText": {background: "#c8efd2"},
  ".cm-deletedChunk .cm-deletedText": {background: "#f6c3be"},
})
const narrow = EditorView.theme({".cm-content": {padding: "9px 20px"}, ".cm-line": {fontWeight: "600"}})
const css = base + `
.head{display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center;margin:0 0 10px}.head h1{font-size:1.5rem;line-height:1.25;margin:0 8px 0 0;font-weight:650}
.brief{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));gap:0;border:1px solid #d3d8dd;border-radius:8px;background:#f7f9fa;margin:0 0 12px}
.brief>div{padding:8px 12px;min-width:0}.brief>div+div{border-left:1px solid #dfe3e7}
.brief{font-size:13.5px;line-height:1.4}.brief h2{font-size:12.5px;margin:0 0 2px;color:#414950;font-weight:650}.brief p{margin:0 0 2px;overflow-wrap:anywhere}.brief .none{color:#545b63}
.alert{border-left:4px solid #8c1d18;background:#fdecea;color:#5f1411;padding:8px 14px;border-radius:4px;margin:0 0 10px;display:flex;gap:12px;align-items:center;flex-wrap:wrap}.alert.note{border-color:#0b5a7a;background:#e9f3f8;color:#0b3c52}
.bar{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:0 0 4px;padding:6px 0;position:sticky;top:3.55rem;z-index:40;background:var(--st-background-color,#fff)}.bar .gap{flex:1}
.why{margin:0 0 6px;text-align:right;color:#545b63;font-size:13px;min-height:19px}
.menu{position:relative}.menu .items{position:absolute;right:0;top:calc(100% + 4px);z-index:70;background:#fff;border:1px solid #b9bfc6;border-radius:8px;box-shadow:0 4px 18px #0003;padding:4px;min-width:210px}.menu .items button{display:block;width:100%;text-align:left;border:0;background:none;padding:6px 10px;border-radius:5px;cursor:pointer}.menu .items button:hover,.menu .items button:focus-visible{background:#eef3f6}
.lay{display:grid;grid-template-columns:minmax(0,1fr) 330px;gap:18px}
.top{container-type:inline-size}
@container (max-width:760px){.lay{grid-template-columns:1fr}.brief{grid-template-columns:1fr 1fr}}
.host{border:1px solid #b9bfc6;border-radius:8px;background:#fff;overflow:clip}.host:focus-within{border-color:var(--st-primary-color,#0b5a7a);box-shadow:0 0 0 1px var(--st-primary-color,#0b5a7a)}
.host.ro{background:#f7f8f9}.host .s{border-bottom:1px solid #dfe3e7}.host .body .cm-content{min-height:320px}
.label{display:block;font-size:12px;color:#545b63;padding:7px 20px 0}.s .cm-content{padding-top:0!important}
.f{border-bottom:2px solid;cursor:pointer}.f-error{border-color:#b3261e;background:#fdecea}.f-warning{border-color:#8a5a00;border-bottom-style:dashed;background:#fff4dd}.f-suggestion{border-color:#1b5fa8;border-bottom-style:dotted;background:#e8f1fb}.f,.f *{color:#1f2428}
.card{color:#1f2428;box-shadow:0 4px 18px #0003;width:380px;max-width:90vw;font:14px/1.45 var(--st-font,sans-serif);overflow:hidden;border-radius:8px}
.row{padding:10px 14px;border-left:4px solid}.row+.row{border-top:1px solid #e3e3e3}
.s-error{border-left-color:#b3261e!important}.s-warning{border-left-color:#8a5a00!important}.s-suggestion{border-left-color:#1b5fa8!important}
.h{font-weight:600}.w{color:#545b63;margin:2px 0 8px;font-size:13px;overflow-wrap:anywhere}.acts{display:flex;gap:8px;flex-wrap:wrap}.acts .btn{white-space:normal;text-align:left}
.let{display:grid;gap:6px;margin-top:8px}.let select,.let input{border:1px solid #8a9099;border-radius:6px;padding:5px 8px;background:#fff;width:100%;box-sizing:border-box}
.foot{display:flex;flex-wrap:wrap;gap:4px 14px;color:#545b63;font-size:13px;padding:8px 2px;min-height:19px}
.rs{display:flex;flex-wrap:wrap;gap:5px;margin:0 0 10px;padding:0;list-style:none}.rs button{border:1px solid #b7d6c4;background:#e9f5ee;color:#0f5434;border-radius:13px;padding:2px 9px;min-height:26px;font-size:12.5px;cursor:pointer}
.rs button.miss{border:1px dashed #b3261e;background:#fdf3f2;color:#8c1d18}
.tabs{display:flex;border-bottom:1px solid #c3c8ce;margin:0 0 10px;gap:2px}.tabs button{border:0;background:none;padding:6px 9px;cursor:pointer;color:#454c54;border-bottom:3px solid transparent}.tabs button[aria-selected=true]{color:#1f2428;font-weight:650;border-bottom-color:var(--st-primary-color,#0b5a7a)}
aside{position:sticky;top:7rem;align-self:start}.pane{max-height:max(320px,calc(100vh - 17rem));overflow:auto;overflow-wrap:anywhere}.pane ul{list-style:none;margin:0 0 12px;padding:0}.pane li{margin:0 0 4px}
.go{display:block;width:100%;box-sizing:border-box;text-align:left;border-width:0 0 0 4px;border-style:solid;border-color:#c3c8ce;border-radius:4px;background:none;padding:5px 9px;cursor:pointer}.go:hover,.go:focus-visible{background:#f1f3f5}
.q{font-family:Georgia,'Liberation Serif',serif}.r{color:#545b63;font-size:13px}.pane h3{font-size:13.5px;margin:10px 0 5px;font-weight:650}
.fact{padding:4px 9px;border-left:4px solid #dfe3e7;border-radius:4px}.fact.used{border-left-color:#2f8f5b}.fact b{font-weight:600;font-size:13px}
.talk{padding:7px 10px;background:#f5f7f8;border-radius:6px;margin:0 0 8px;white-space:pre-wrap}.pane textarea{width:100%;box-sizing:border-box;min-height:70px;border:1px solid #8a9099;border-radius:6px;padding:7px 9px;background:#fff}
.rev{display:grid;grid-template-columns:auto 1fr;gap:0 8px;align-items:baseline;padding:4px 0}.cmp{display:flex;gap:6px;flex-wrap:wrap;align-items:center;margin:0 0 10px}.cmp select{border:1px solid #8a9099;border-radius:6px;padding:3px 6px;background:#fff;max-width:130px}
`

const instances = new WeakMap()

function mount(c) {
  const root = c.parentElement
  const lay = el("div", "lay"), I = {lay, seq: 0, kept: 0, timer: 0, keeper: 0, started: {}, muted: new Set(), views: {}, latency: (window.__amendsLatency ||= []), tab: "findings", report: null, readonly: new Compartment(), talk: ""}
  const top = el("div", "root top"), main = el("main"), rail = el("aside")
  rail.setAttribute("aria-label", "What the rules say")
  I.head = el("div"); I.bar = el("div", "bar"); I.why = el("div", "why"); I.why.setAttribute("role", "status")
  I.host = el("div", "host"); I.diff = el("div", "host ro"); I.diff.hidden = true
  I.foot = el("div", "foot"); I.state = el("span"); I.state.setAttribute("role", "status"); I.count = el("span"); I.note = el("span"); I.foot.append(I.note, I.count, I.state)
  I.rs = el("ul", "rs"); I.rs.setAttribute("aria-label", "The five R's"); I.tabs = el("div", "tabs"); I.tabs.setAttribute("role", "tablist"); I.pane = el("div", "pane"); I.pane.tabIndex = 0; I.pane.setAttribute("role", "tabpanel")
  I.live = el("div", "sr"); I.live.setAttribute("aria-live", "polite")
  main.setAttribute("aria-label", "Letter"); main.append(I.host, I.diff, I.foot); rail.append(I.rs, I.tabs, I.pane); lay.append(main, rail)
  top.append(I.head, I.bar, I.why, lay, I.live); root.append(style(css), top)

  I.text = () => ({subject: I.views.subject.state.doc.toString(), body: I.views.body.state.doc.toString()})
  I.dirty = () => { const t = I.text(); return !!I.data.saved && (t.subject !== I.data.saved.subject || t.body !== I.data.saved.body) }
  const typed = update => {
    if (!update.docChanged) return
    I.status()
    if (update.transactions.some(t => t.annotation(remote))) return
    const seq = ++I.seq
    I.started[seq] = performance.now(); I.note.textContent = "Checking…"
    clearTimeout(I.timer); I.timer = setTimeout(() => I.check(seq), I.data.debounce_ms ?? 80)
    clearTimeout(I.keeper); I.keeper = setTimeout(I.keep, 500)
  }
  const view = (name, parent, extra) => {
    const cardField = StateField.define({
      create: () => null,
      update(value, tr) { for (const e of tr.effects) if (e.is(openCard)) return e.value; return tr.docChanged ? null : value },
      provide: f => showTooltip.from(f, p => p === null ? null : {pos: p, above: false, create: v => ({dom: card(v, at(v.state, p), I)})}),
    })
    const v = new EditorView({parent, root: root.getRootNode(), state: EditorState.create({doc: "", extensions: [
      history(), drawSelection(), theme, EditorView.lineWrapping, findings, cardField, I.readonly.of([]), ...extra,
      EditorView.contentAttributes.of({"aria-label": name === "subject" ? "Subject" : "Letter body", spellcheck: "true"}),
      EditorView.updateListener.of(typed),
      hoverTooltip((w, p) => { if (w.state.field(cardField, false) !== null) return null; const hits = at(w.state, p); return hits.length ? {pos: hits[0].from, end: hits[0].to, create: x => ({dom: card(x, hits, I)})} : null }, {hoverTime: 250, hideOn: tr => tr.effects.some(e => e.is(openCard))}),
      EditorView.domEventHandlers({click(e, w) { const p = w.posAtCoords({x: e.clientX, y: e.clientY}); w.dispatch({effects: openCard.of(p !== null && at(w.state, p).length ? p : null)}) }}),
      keymap.of([{key: "F8", run: () => step(1, I)}, {key: "Shift-F8", run: () => step(-1, I)},
        {key: "Alt-Enter", run: w => { const r = at(w.state, w.state.selection.main.from).find(x => fixable(x.f)); if (!r || I.data.readonly) return false; apply(w, r, I); return true }},
        {key: "Escape", run: w => { w.dispatch({effects: openCard.of(null)}); return true }}, ...defaultKeymap, ...historyKeymap]),
    ]})})
    v.dom.addEventListener("focusout", () => I.flush())
    I.views[name] = v
  }
  const s = el("div", "s"), b = el("div", "body"); s.append(el("span", "label", "Subject")); I.host.append(s, b)
  view("subject", s, [narrow, EditorState.transactionFilter.of(tr => tr.newDoc.lines > 1 ? [] : tr)]); view("body", b, [])

  // Keeping what is typed: straight to the server, not through a rerun of the page, so that a server that
  // restarts gets the text as soon as it answers again.
  I.keep = async () => {
    clearTimeout(I.keeper)
    if (I.seq <= I.kept || !I.data.keep_url || I.stream_open) return
    const seq = I.seq, url = I.data.keep_url
    try {
      const r = await fetch(url, {method: "PUT", keepalive: true, headers: {"content-type": "application/json", "x-amends": "1"}, body: JSON.stringify({...I.text(), base: I.base})})
      if (!r.ok) throw new Error(r.status === 401 ? "you are signed out" : `the server answered ${r.status}`)
      const back = I.state.textContent.startsWith("Not kept")
      I.kept = Math.max(I.kept, seq); I.state.textContent = ""; I.status()
      if (back) I.check(I.seq)
    } catch (e) { if (url === I.data.keep_url && !I.gone) { I.state.textContent = "Not kept yet: " + (e instanceof TypeError ? "the server does not answer" : e.message) + ". Trying again."; I.keeper = setTimeout(I.keep, 1500) } }
  }
  I.flush = () => { if (I.seq > I.kept) I.keep() }
  I.onhide = () => { if (document.visibilityState === "hidden") I.flush() }
  I.onleave = e => { I.flush(); if (I.seq > I.kept && I.data.keep_url && I.state.textContent.startsWith("Not kept")) e.preventDefault() }
  I.onkey = e => {
    if (dialogOpen()) return
    const act = (I.data.actions || []).find(a => a.key && pressed(e, a.key))
    if (act) { e.preventDefault(); e.stopPropagation(); I.act(act) }
  }
  I.unwatch = watchLine(I, () => I.send("hello", {}))
  document.addEventListener("visibilitychange", I.onhide); window.addEventListener("beforeunload", I.onleave); document.addEventListener("keydown", I.onkey, true)

  I.hurdle = a => {
    if (a.reason) return a.reason
    const errors = (I.report?.findings || []).filter(f => f.level === "error" && !I.muted.has(same(f))).length
    if (a.needs?.includes("saved") && I.dirty()) return "Save your edit first"
    if (a.needs?.includes("changed") && !I.dirty()) return "Nothing has changed"
    if (a.needs?.includes("clear") && errors) return errors === 1 ? "1 error blocks it" : `${errors} errors block it`
    return ""
  }
  I.act = a => {
    const why = I.hurdle(a)
    if (why) { I.why.textContent = `${a.label}: ${why}.`; I.live.textContent = I.why.textContent; return }
    I.tell("")
    if (a.menu) return a.open()
    if (a.name === "copy") return navigator.clipboard.writeText(I.text().subject + "\n\n" + I.text().body).then(() => I.tell("Copied."), () => I.tell("This browser does not let pages copy. Select the text and press Ctrl+C."))
    if (I.away) { I.pending = a; I.why.textContent = `${a.label}: as soon as the desk is back.`; return }
    clearTimeout(I.keeper); I.sent = I.text()
    I.send("act", {name: a.name, ...I.text(), base: I.base, letter: I.data.letter ?? null})
  }
  I.tell = text => { I.why.textContent = text; I.why.dataset.hold = text ? "1" : "" }      // stands until the next act
  I.download = async (url, mailto) => {
    try {
      const r = await fetch(url, {method: "POST", headers: {"x-amends": "1"}})
      if (!r.ok) throw new Error((await r.json().catch(() => ({}))).error || `the server answered ${r.status}`)
      if (mailto?.startsWith("mailto:")) {              // the record has noted it; the mail program has the rest
        const a = el("a"); a.href = mailto; a.click(); I.tell("Handed to your mail program. Nothing was sent.")
        return I.send("act", {name: "exported", ...I.text(), base: I.base, letter: I.data.letter ?? null})
      }
      const name = /filename="([^"]+)"/.exec(r.headers.get("content-disposition") || "")?.[1] || "letter"
      const a = el("a"); a.href = URL.createObjectURL(await r.blob()); a.download = name; a.click(); setTimeout(() => URL.revokeObjectURL(a.href), 5000)
      I.tell(`Saved as ${name}. Nothing was sent.`)
      I.send("act", {name: "exported", ...I.text(), base: I.base, letter: I.data.letter ?? null})
    } catch (e) { I.tell("Not exported: " + (e instanceof TypeError ? "the server does not answer" : e.message) + ".") }
  }
  I.status = () => {
    const dirty = I.dirty()
    for (const b of I.bar.querySelectorAll("button[data-act]")) {
      const act = (I.data.actions || []).find(a => a.name === b.dataset.act); if (!act) continue   // the bar of the last letter, until it is drawn anew
      const why = I.hurdle(act)
      b.setAttribute("aria-disabled", why ? "true" : "false"); b.title = why
    }
    const main = (I.data.actions || []).filter(a => a.primary).map(a => [a, I.hurdle(a)]).find(([, why]) => why && why !== "Nothing has changed")
    if (!I.why.dataset.hold) I.why.textContent = main ? `${main[0].label}: ${main[1]}.` : ""
    const words = (I.text().body.match(/\S+/g) || []).length
    I.count.textContent = words ? `${words} words` : ""
    if (I.state.textContent.startsWith("Not kept") && I.seq > I.kept) return
    I.state.textContent = I.stream_open ? "" : dirty ? (I.seq > I.kept ? "Edited" : "Edited, kept as you type; not saved as a revision") : !I.data.saved && I.data.keep_url && words ? (I.seq > I.kept ? "Edited" : "Kept as you type") : I.data.saved_note || ""
  }
  I.paint = () => {
    const fs = (I.report?.findings || []).filter(f => !I.muted.has(same(f)))
    for (const name of FIELDS) I.views[name].dispatch({effects: setFindings.of(fs.filter(f => f.field === name)), annotations: remote.of(true)})
    I.rail(); I.status()
  }
  I.show = (report, seq) => {
    if (seq !== I.seq) return                        // the text has moved on: keep the marks that moved with it, drop the late answer
    I.report = report; I.paint()
    const n = report.findings.filter(f => f.level === "error").length, w = report.findings.filter(f => f.level === "warning").length
    I.note.textContent = report.error ? report.error : n || w ? `${n} ${n === 1 ? "error" : "errors"}, ${w} ${w === 1 ? "warning" : "warnings"}` : "Clear"
    if (I.started[seq]) { I.latency.push(performance.now() - I.started[seq]); I.started = {} }
  }
  I.post = async () => {
    const r = await fetch(I.data.check_url, {method: "POST", headers: {"content-type": "application/json", "x-amends": "1"}, body: JSON.stringify({...I.text(), ...I.data.check, facts: I.tab === "facts"})})
    if (!r.ok) throw new Error(r.status === 401 ? "you are signed out: reload the page" : (await r.json().catch(() => ({}))).error || `the server answered ${r.status}`)
    return r.json()
  }
  I.check = async seq => {
    try { I.show(await I.post(), seq) }
    catch (e) { if (seq === I.seq && !I.gone) I.note.textContent = "Not checked: " + (e instanceof TypeError ? "the server does not answer" : e.message) + ". Your text is safe here." }
  }
  I.replace = text => { for (const name of FIELDS) { const v = I.views[name], now = v.state.doc.toString(); const next = name === "subject" ? (text[name] || "").replace(/\s*\n\s*/g, " ") : text[name] || ""
    if (now !== next) v.dispatch({changes: {from: 0, to: now.length, insert: next}, annotations: remote.of(true), effects: openCard.of(null)}) } }

  // A draft on its way: a line of JSON for each thing that happens.
  I.stream = async url => {
    I.abort?.abort(); const abort = I.abort = new AbortController(); I.stream_open = true; I.note.textContent = "Drafting…"; I.t0 = performance.now(); I.first = 0; let last = 0, soon = 0
    I.report = null; I.replace({subject: "", body: ""}); I.paint()
    const glance = () => { clearTimeout(soon); soon = 0; last = performance.now(); const s = ++I.seq; I.kept = s; I.post().then(r => I.show(r, s)).catch(() => {}) }
    let end = null
    try {
      const answer = await fetch(url, {signal: abort.signal, headers: {"x-amends": "1"}})
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || `the server answered ${answer.status}`)
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); let rest = ""
      for (;;) {
        const {value, done} = await reader.read(); if (done) break
        const lines = (rest + value).split("\n"); rest = lines.pop(); let tail = ""
        for (const line of lines) {
          const m = JSON.parse(line)
          if (m.turn) { I.replace({subject: "", body: ""}); I.note.textContent = m.turn }
          if (m.field) {
            if (!I.first) { I.first = performance.now() - I.t0; (window.__amendsFirst ||= []).push(I.first) }
            const v = I.views[m.field]; v.dispatch({changes: {from: v.state.doc.length, insert: m.field === "subject" ? m.text.replace(/\n/g, " ") : m.text}, annotations: remote.of(true)}); tail = m.text
          }
          if (m.letter) I.replace(m.letter)
          if (m.error) end = {error: m.error}
          if (m.stopped) end = {stopped: true}
          if (m.done) end = m.done
        }
        if (/[.!?]\s*$|\n\s*$/.test(tail) && !soon) soon = setTimeout(glance, Math.max(0, 150 - (performance.now() - last)))
      }
      if (!end) throw new Error("the server broke off")
    } catch (e) { if (abort !== I.abort || I.gone) return; end = e.name === "AbortError" ? {stopped: true} : {error: e instanceof TypeError ? "the server does not answer" : e.message} }
    clearTimeout(soon); I.stream_open = false; I.note.textContent = end.error ? "Drafting failed: " + end.error : end.stopped ? "Stopped. The text so far is kept." : "Drafted"
    const s = ++I.seq; if (I.text().body) { if (end.letter) I.kept = s; I.check(s); if (!end.letter) I.keep() }
    I.send("drafted", {...end, ...I.text()})
  }

  I.rail = () => {
    const report = I.report || {findings: [], elements: {}, suppressed: []}
    I.rs.replaceChildren()
    for (const [name, label] of Object.entries(RS)) {
      const e = report.elements?.[name]; if (!e) continue
      const li = el("li"), b = button((e.present ? "✓ " : "✗ ") + label, e.present ? "" : "miss", () => { const p = e.evidence?.[0]; if (p) select(I, p.field, p.start, p.end) })
      b.title = e.present ? "Show the words" : "Not found in the text"; b.setAttribute("aria-label", label + (e.present ? ": present" : ": missing")); li.append(b); I.rs.append(li)
    }
    const marked = FIELDS.flatMap(name => ranges(I.views[name].state).map(r => ({...r, field: name})))
    const absent = report.findings.filter(f => f.start === f.end && !I.muted.has(same(f)))
    const tabs = [["findings", `Findings ${marked.length + absent.length}`]]
    if (I.data.facts) tabs.push(["facts", "Facts"])
    if (I.data.history) tabs.push(["history", "History"])
    if (I.data.comments) tabs.push(["comments", `Comments ${I.data.comments.length || ""}`.trim()])
    if (!tabs.some(([id]) => id === I.tab)) I.tab = "findings"
    const focused = I.tabs.contains(root.getRootNode().activeElement)
    I.tabs.replaceChildren(...tabs.map(([id, label]) => {
      const b = button(label, "", () => { I.tab = id; I.rail(); I.pane.scrollTop = 0; if (id === "facts" && I.report && !I.report.facts && I.text().body) I.check(I.seq) })
      b.setAttribute("role", "tab"); b.setAttribute("aria-selected", String(id === I.tab)); b.tabIndex = id === I.tab ? 0 : -1
      b.onkeydown = e => { const d = {ArrowRight: 1, ArrowLeft: -1}[e.key]; if (!d) return; e.preventDefault(); I.tab = tabs[(tabs.findIndex(([x]) => x === id) + d + tabs.length) % tabs.length][0]; I.rail(); I.tabs.querySelector("[aria-selected=true]").focus() }
      return b
    }))
    if (focused) I.tabs.querySelector("[aria-selected=true]").focus()
    if (I.tab === "comments" && I.pane.querySelector("textarea") && I.drawn === I.data.comments) return     // never redraw under someone's pen
    I.pane.setAttribute("aria-label", tabs.find(([id]) => id === I.tab)[1]); I.pane.replaceChildren()
    ;({findings: paneFindings, facts: paneFacts, history: paneHistory, comments: paneComments})[I.tab](I, marked, absent, report)
  }
  return I
}

function select(I, field, from, to) {
  const v = I.views[field], length = v.state.doc.length
  v.dispatch({selection: {anchor: Math.min(from, length), head: Math.min(to, length)}, scrollIntoView: true}); v.focus()
}
function go(I, r) {
  const v = I.views[r.field]
  v.dispatch({selection: {anchor: r.from, head: r.to}, effects: openCard.of(r.from), scrollIntoView: true}); v.focus()
  I.live.textContent = `${LEVELS[r.f.level]}, ${r.f.rule}: ${r.f.message}`
}
function step(direction, I) {
  const all = FIELDS.flatMap(name => ranges(I.views[name].state).map(r => ({...r, field: name})))
  if (!all.length) { I.live.textContent = "No findings."; return true }
  const here = I.views.subject.hasFocus ? "subject" : "body", s = I.views[here].state.selection.main
  const order = r => (r.field === "body" ? 1e9 : 0) + r.from, now = (here === "body" ? 1e9 : 0) + s.from
  const next = direction > 0 ? all.find(r => order(r) > now || (order(r) === now && s.empty)) || all[0] : all.slice().reverse().find(r => order(r) < now) || all[all.length - 1]
  go(I, next); return true
}
function apply(view, r, I) {
  const text = r.f.suggestion
  view.dispatch({changes: {from: r.from, to: r.to, insert: text}, selection: {anchor: r.from + text.length}, effects: openCard.of(null), userEvent: "input.suggestion", scrollIntoView: true})
  view.focus()
}
function card(view, hits, I) {
  const box = el("div", "card"); box.setAttribute("role", "group"); box.setAttribute("aria-label", "Finding")
  for (const r of hits) {
    const row = el("div", "row s-" + r.f.level), acts = el("div", "acts")
    row.append(el("div", "h", r.f.message), el("div", "w", `${LEVELS[r.f.level]} · ${r.f.rule}` + (r.f.evidence ? ` · ${r.f.evidence}` : "")), acts)
    if (fixable(r.f) && !I.data.readonly) { const b = button(r.f.suggestion === "" ? "Remove" : `Replace with “${r.f.suggestion}”`, "btn primary", () => apply(view, r, I)); b.onmousedown = e => e.preventDefault(); acts.append(b) }
    if (I.data.dismiss) acts.append(dismissal(r.f, row, I))
    box.append(row)
  }
  return box
}
function dismissal(f, row, I) {
  return button("Let it stand…", "btn", e => {
    e.target.hidden = true
    const form = el("div", "let"), why = el("select"), note = el("input"); why.setAttribute("aria-label", "Reason"); note.setAttribute("aria-label", "Note"); note.placeholder = "Note (for the record)"; note.maxLength = 400
    for (const text of DISMISSALS) why.append(el("option", "", text))
    form.append(why, note, button("Let it stand in this letter", "btn", () => {
      I.muted.add(same(f)); for (const name of FIELDS) I.views[name].dispatch({effects: openCard.of(null), annotations: remote.of(true)})
      I.paint(); I.send("suppress", {rule: f.rule, field: f.field, quote: f.quote, reason: note.value.trim() ? `${why.value}: ${note.value.trim()}` : why.value, letter: I.data.letter})
    }))
    row.append(form); why.focus()
  })
}
function paneFindings(I, marked, absent, report) {
  const ul = el("ul")
  const rank = {error: 0, warning: 1, suggestion: 2}
  for (const f of absent) {
    const li = el("li"), row = el("div", "go s-" + f.level); row.style.cursor = "default"
    row.append(el("div", "", f.message), el("div", "r", `${LEVELS[f.level]} · ${f.rule}`)); if (I.data.dismiss) row.append(dismissal(f, row, I)); li.append(row); ul.append(li)
  }
  for (const r of marked.slice().sort((a, b) => rank[a.f.level] - rank[b.f.level])) {
    const li = el("li"), b = button("", "go s-" + r.f.level, () => go(I, r))
    b.append(el("div", "q", "“" + I.views[r.field].state.sliceDoc(r.from, r.to) + "”"), el("div", "r", `${LEVELS[r.f.level]} · ${r.f.message}`)); li.append(b); ul.append(li)
  }
  I.pane.append(ul)
  if (!marked.length && !absent.length) I.pane.append(el("p", "r", I.report && !I.report.error ? "Nothing to mend. This letter meets every rule." : I.report?.error || "Nothing checked yet."))
  if (report.unchecked?.length) I.pane.append(el("p", "r", "Not checked: " + report.unchecked.join(", ")))
  if (report.suppressed?.length) {
    const h = el("h3", "", `Let stand (${report.suppressed.length})`), list = el("ul")
    for (const s of report.suppressed) { const li = el("li"); li.append(el("div", "q", s.quote ? "“" + s.quote + "”" : s.rule), el("div", "r", `${s.rule} · ${s.by}: ${s.reason}`)); list.append(li) }
    I.pane.append(h, list)
  }
  I.pane.append(el("p", "r", "F8 next finding · Alt+Enter apply · Ctrl+Z undo"))
}
function paneFacts(I, marked, absent, report) {
  const said = report.facts || []
  if (said.length) {
    I.pane.append(el("h3", "", "Said in this letter")); const ul = el("ul")
    for (const s of said) { const li = el("li"), b = button("", "go" + (s.fact ? "" : " s-error"), () => select(I, s.field, s.start, s.end)); b.append(el("div", "q", "“" + s.quote + "”"), el("div", "r", s.fact || "No fact behind it")); li.append(b); ul.append(li) }
    I.pane.append(ul)
  }
  I.pane.append(el("h3", "", "The case")); const used = new Set(said.map(s => (s.fact || "").split(":")[0]))
  for (const [key, value] of I.data.facts) { const d = el("div", "fact" + (used.has(key) ? " used" : "")); d.append(el("b", "", key), el("div", "", value)); I.pane.append(d) }
  if (I.data.background?.length) { I.pane.append(el("h3", "", "Never in the letter")); for (const [key, value] of I.data.background) { const d = el("div", "fact"); d.append(el("b", "", key), el("div", "", value)); I.pane.append(d) } }
}
function paneHistory(I) {
  const h = I.data.history
  if (h.revisions.length) {
    const cmp = el("div", "cmp"), a = el("select"), b = el("select"); a.setAttribute("aria-label", "Compare from"); b.setAttribute("aria-label", "Compare to")
    for (const r of h.revisions) { a.append(Object.assign(el("option", "", "Revision " + r.number), {value: r.number})); b.append(Object.assign(el("option", "", "Revision " + r.number), {value: r.number})) }
    b.append(Object.assign(el("option", "", "The text here"), {value: "now"})); b.value = "now"; a.value = h.revisions[Math.max(0, h.revisions.length - 2)].number
    if (I.comparing) { a.value = I.comparing[0]; b.value = I.comparing[1] }
    cmp.append(a, el("span", "r", "to"), b, button("Compare", "btn", () => compare(I, a.value, b.value)))
    if (I.comparing) cmp.append(button("Back to the letter", "btn", () => compare(I, null)))
    I.pane.append(cmp)
  }
  for (const r of h.revisions.slice().reverse()) { const d = el("div", "rev"); d.append(badge("r" + r.number, "plain"), el("span", "", r.note), el("span"), el("span", "r", r.when)); I.pane.append(d) }
  if (h.events.length) I.pane.append(el("h3", "", "What happened"))
  for (const e of h.events) { const d = el("div", "fact"); d.append(el("div", "", e.what), el("div", "r", e.when)); I.pane.append(d) }
}
async function compare(I, from, to) {
  I.comparing = from === null ? null : [from, to]
  I.diffView?.destroy(); I.diffView = null; I.diff.hidden = from === null; I.host.hidden = from !== null
  if (from !== null) {
    const get = async n => { if (n === "now") { const t = I.text(); return t.subject + "\n\n" + t.body } const r = await fetch(I.data.revision_url + n, {headers: {"x-amends": "1"}}); const t = await r.json(); return t.subject + "\n\n" + t.body }
    try {
      const [a, b] = await Promise.all([get(from), get(to)])
      I.diffView = new EditorView({parent: I.diff, root: I.diff.getRootNode(), state: EditorState.create({doc: b, extensions: [theme, EditorView.lineWrapping, EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({tabindex: "0", "aria-readonly": "true", "aria-label": "Comparison"}), unifiedMergeView({original: a, mergeControls: false, allowInlineDiffs: true, highlightChanges: true, gutter: false})]})})
    } catch { I.why.textContent = "The comparison could not be loaded. Try again." }
  }
  I.rail()
}
function paneComments(I) {
  I.drawn = I.data.comments
  for (const c of I.data.comments) { const d = el("div", "talk"); d.append(el("div", "r", `${c.by} · ${c.when}`), el("div", "", c.text)); I.pane.append(d) }
  if (!I.data.comments.length) I.pane.append(el("p", "r", "No comments yet."))
  if (!I.data.can_comment) return
  const t = el("textarea"); t.setAttribute("aria-label", "Your comment"); t.placeholder = "Say what should change, or ask."; t.maxLength = 4000; t.value = I.talk; t.oninput = () => { I.talk = t.value }
  I.pane.append(t, button("Add comment", "btn", () => { if (t.value.trim()) { I.talk = ""; I.drawn = null; I.send("comment", {text: t.value.trim(), letter: I.data.letter}); t.value = "" } }))
}
function header(I) {
  const d = I.data; I.head.replaceChildren()
  if (d.title) { const h = el("div", "head"); h.append(el("h1", "", d.title), ...(d.badges || []).map(([text, tone]) => badge(text, tone))); I.head.append(h) }
  for (const a of d.alerts || []) { const x = el("div", "alert " + (a.tone || "")); x.setAttribute("role", "note"); x.append(el("span", "", a.text)); if (a.action) x.append(button(a.label, "btn", () => I.send("act", {name: a.action, ...I.text(), base: d.base, letter: d.letter}))); I.head.append(x) }
  if (d.brief) { const g = el("section", "brief"); g.setAttribute("aria-label", "In sixty seconds"); for (const part of d.brief) { const s = el("div"); s.append(el("h2", "", part.title)); for (const line of part.lines) s.append(el("p", part.none ? "none" : "", line)); g.append(s) } I.head.append(g) }
  const focused = root => root.getRootNode().activeElement, was = focused(I.bar)?.dataset?.act
  I.bar.replaceChildren(); I.bar.hidden = !(d.actions || []).length; I.why.hidden = I.bar.hidden
  for (const a of d.actions || []) {
    if (a.gap) { I.bar.append(el("span", "gap")); continue }
    const b = button(a.label, "btn" + (a.primary ? " primary" : ""), () => I.act(a)); b.dataset.act = a.name
    if (a.key) b.append(" ", el("kbd", "", a.key))
    if (!a.menu) { I.bar.append(b); continue }
    const box = el("span", "menu"), list = el("div", "items"); list.hidden = true; list.setAttribute("role", "group"); list.setAttribute("aria-label", a.label)
    b.setAttribute("aria-expanded", "false"); b.append(" ▾")
    const outside = e => { if (!e.composedPath().includes(box)) toggle(false) }
    const toggle = open => {
      list.hidden = !open; b.setAttribute("aria-expanded", String(open)); I.lay.inert = open       // what lies half under the menu is no target
      document[open ? "addEventListener" : "removeEventListener"]("pointerdown", outside, true)
      if (open) list.querySelector("button")?.focus()
    }
    a.open = () => toggle(list.hidden)
    for (const item of a.menu) list.append(button(item.label, "", () => { toggle(false); b.focus(); item.url ? I.download(item.url, item.mailto) : I.act({...a, name: item.name, menu: null, label: item.label}) }))
    box.onkeydown = e => { if (e.key === "Escape") { toggle(false); b.focus() } }
    box.addEventListener("focusout", e => { if (e.relatedTarget && !box.contains(e.relatedTarget)) toggle(false) })
    box.append(b, list); I.bar.append(box)
  }
  if (was) I.bar.querySelector(`[data-act="${was}"]`)?.focus()
}

export default function (c) {
  const {parentElement, data, setTriggerValue} = c
  let I = instances.get(parentElement)
  const fresh = !I
  if (fresh) { I = mount(c); instances.set(parentElement, I) }
  const before = I.data
  I.data = data
  I.send = (name, value) => setTriggerValue(name, {...value, at: Date.now()})
  const pending = I.away && I.pending
  I.away = false; I.pending = null
  if (pending) setTimeout(() => I.act(pending), 0)
  const swap = fresh || before.key !== data.key
  if (fresh || !!before.readonly !== !!data.readonly) {
    I.host.classList.toggle("ro", !!data.readonly)
    for (const name of FIELDS) I.views[name].dispatch({effects: I.readonly.reconfigure(data.readonly ? [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({tabindex: "0", "aria-readonly": "true"})] : [])})
  }
  if (swap) {                                         // another letter, or another revision of it
    const here = fresh ? null : I.text(), is = (a, b) => !!a && !!b && a.subject === b.subject && a.body === b.body
    const mine = !fresh && before.letter === data.letter && before.take === data.take && data.letter !== undefined && !data.conflict && !is(here, before.saved) && !is(here, data.saved)
    if (!fresh && before.keep_url && I.seq > I.kept && before.take === data.take && !is(here, data.saved) && (!mine || before.letter !== data.letter)) fetch(before.keep_url, {method: "PUT", keepalive: true, headers: {"content-type": "application/json", "x-amends": "1"}, body: JSON.stringify({...here, base: I.base})}).catch(() => {})
    if (mine) {                                       // typed on while the answer was on its way: nothing typed is replaced
      if (is(I.sent, data.saved)) I.base = data.base  // what I saved stands; else somebody else's does, and saving will say so
      I.keeper = setTimeout(I.keep, 300)
    } else if (!fresh && data.hold) ++I.seq           // the same text, held against something else
    else {
      clearTimeout(I.timer); clearTimeout(I.keeper); I.base = data.base
      if (!I.stream_open) { I.replace(data); ++I.seq; I.kept = I.seq }
      I.started = {}
    }
    I.muted.clear()
    if (!before || before.letter !== data.letter) { I.talk = ""; I.drawn = null; I.tell(""); if (!fresh) for (const name of FIELDS) I.views[name].scrollDOM.scrollTop = 0 }
    if (I.comparing && before?.letter !== data.letter) compare(I, null)
  }
  if (data.compare && String(data.compare) !== String(before?.compare)) compare(I, data.compare[0], data.compare[1])
  else if (!data.compare && before?.compare && I.comparing) compare(I, null)
  I.lay.inert = false
  header(I)
  if (data.stream_url && data.stream_url !== I.streamed) { I.streamed = data.stream_url; I.stream(data.stream_url) }
  else if (!data.stream_url && I.stream_open) I.abort?.abort()
  else if (swap && !I.stream_open) { if (data.report) I.show(data.report, I.seq); else if (data.body) I.check(I.seq); else { I.report = null; I.paint(); I.note.textContent = data.empty || "" } }
  else if (data.report_key !== before?.report_key && data.report && !I.dirty()) { I.muted.clear(); I.show(data.report, I.seq) }
  else { I.rail(); I.status() }
  return () => {
    I.gone = true; I.flush(); I.unwatch(); I.abort?.abort(); clearTimeout(I.timer); clearTimeout(I.keeper)
    document.removeEventListener("visibilitychange", I.onhide); window.removeEventListener("beforeunload", I.onleave); document.removeEventListener("keydown", I.onkey, true)
    I.diffView?.destroy(); for (const v of Object.values(I.views)) v.destroy(); instances.delete(parentElement)
  }
}
