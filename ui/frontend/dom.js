// What the components share. All text goes through textContent: nothing here can make markup of a letter.
export const el = (tag, className, text) => {
  const e = document.createElement(tag)
  if (className) e.className = className
  if (text !== undefined && text !== null) e.textContent = text
  return e
}
export const button = (label, className, onclick) => {
  const b = el("button", className, label)
  b.type = "button"
  b.onclick = onclick
  return b
}
export const style = css => {
  const s = el("style")
  s.textContent = css
  return s
}
// A dialog of the page is open: its keys are its own.
export const dialogOpen = () => !!document.querySelector('[role="dialog"]')
// Keys as people write them: "Ctrl+S" also means Command+S on a Mac.
export const pressed = (e, keys) => {
  const parts = keys.split("+"), key = parts.pop()
  const want = name => parts.includes(name)
  return e.key.toLowerCase() === ({Up: "arrowup", Down: "arrowdown"}[key] || key.toLowerCase()) && (e.ctrlKey || e.metaKey) === want("Ctrl") && e.altKey === want("Alt") && e.shiftKey === want("Shift")
}
export const badge = (text, tone) => el("span", "b " + (tone || "plain"), text)
export const base = `
:host,.root{font:14px/1.45 var(--st-font,sans-serif);color:var(--st-text-color,#1f2428)}
button,input,textarea,select{font:inherit;color:inherit}
.btn{border:1px solid #8a9099;background:#fff;border-radius:6px;padding:5px 12px;cursor:pointer;white-space:nowrap}
.btn:hover{background:#f2f4f6}.btn.primary{background:#146c43;border-color:#146c43;color:#fff}.btn.primary:hover{background:#0f5434}
.btn[aria-disabled=true],.btn:disabled{background:#eef0f2;border-color:#c9ced4;color:#5d646c;cursor:not-allowed}
:is(button,input,textarea,select,a,[tabindex]):focus-visible{outline:2px solid var(--st-primary-color,#0b5a7a);outline-offset:1px}
kbd{font:11.5px ui-monospace,monospace;border:1px solid #c3c8ce;border-radius:4px;padding:0 5px;background:#f6f7f8;color:#30363c}
.btn.primary:not([aria-disabled=true]):not(:disabled) kbd{background:#0f5434;border-color:#0a3f27;color:#fff}
.b{display:inline-block;border-radius:10px;padding:1px 9px;font-size:13px;font-weight:600;white-space:nowrap}
.b.late{background:#8c1d18;color:#fff}.b.bad{background:#fdecea;color:#8c1d18}.b.near{background:#fff1d6;color:#6b4500}.b.good{background:#e3f3e9;color:#0f5434}.b.plain{background:#eef1f4;color:#39424c}.b.info{background:#e6f1f6;color:#0b4a65}
.dim{color:#545b63}.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
[hidden]{display:none!important}
`

// After a restart of the server the page connects again by itself, but the new session knows no component until
// the page has run there once: what is sent before that is lost. So ask for a run as soon as the line is back,
// and hold what somebody presses until that run has drawn. `state.away` says so meanwhile.
export const watchLine = (state, ask) => {
  const app = document.querySelector("[data-testid=stApp]")
  if (!app) return () => {}
  const on = () => app.dataset.testConnectionState === "CONNECTED"
  let was = on()
  const look = new MutationObserver(() => {
    const now = on()
    if (!now) state.away = true
    if (now && !was) ask()
    was = now
  })
  look.observe(app, {attributes: true, attributeFilter: ["data-test-connection-state"]})
  return () => look.disconnect()
}
