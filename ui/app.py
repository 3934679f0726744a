"""The frame of every page: who looks, what they may open, and the menu."""

import logging
import traceback

import streamlit as st

from ui import identity
from ui.components import sheet

st.set_page_config(page_title="amends", page_icon="✉️", layout="wide")
st.html(
    "<style>[data-testid=stCaptionContainer],[data-testid=stCaptionContainer] *{color:#4a5057!important;opacity:1!important}"
    "button kbd{color:inherit!important;opacity:1!important}[data-testid=stMainBlockContainer]{padding:4.2rem 2rem 2rem;max-width:1500px}"
    "[data-testid=stHeadingWithActionElements] h1{padding:0.2rem 0 0.4rem}</style>"
)

person = identity.current()
if person is None:
    st.title("amends")
    st.write("The drafting desk for apology letters.")
    if identity.oidc() and not (st.user.is_logged_in if hasattr(st.user, "is_logged_in") else False):
        st.button("Sign in", type="primary", key="sign_in", on_click=st.login)
    elif identity.oidc():
        st.error("You are signed in, and this desk does not know you, or your sign-in has run out. An admin adds you with `amends users add`.")
        st.button("Sign in again", key="sign_out", on_click=st.logout)
    else:
        st.error("You are signed out. Reload this page to sign in.")
    st.stop()

pages = [
    st.Page("views/draft.py", title="Draft", icon=":material/stylus:", default=True, url_path="draft"),
    st.Page("views/queue.py", title="Review queue", icon=":material/inbox:", url_path="queue"),
    st.Page("views/letter.py", title="Letter", icon=":material/edit_note:", url_path="letter"),
    st.Page("views/batch.py", title="Batch", icon=":material/stacks:", url_path="batch"),
    st.Page("views/evaluation.py", title="Evaluation", icon=":material/science:", url_path="evaluation"),
    st.Page("views/trends.py", title="Trends", icon=":material/monitoring:", url_path="trends"),
    st.Page("views/policy.py", title="Policy", icon=":material/gavel:", url_path="policy"),
]
page = st.navigation(pages, position="top")
try:
    page.run()
except Exception as error:
    where = traceback.extract_tb(error.__traceback__)[-1]
    logging.getLogger("amends").error("page failed: %s at %s:%s", type(error).__name__, where.filename, where.lineno)
    st.error(
        "This page failed, and nothing you typed in a letter is lost. Reload it; if it fails again, the log of the desk says where.", icon=":material/error:"
    )

with st.container(horizontal=True, key="foot"):
    if person.sole:
        st.caption("One local user with full rights: nobody signs in, and only this machine reaches the desk. `amends users add` changes that.")
    else:
        st.caption(f"Signed in as {person.name.replace('`', '')} · {person.position.value.replace('_', ' ')}")
        st.space("stretch")
        if identity.oidc():
            st.button("Sign out", key="sign_out", on_click=st.logout)
        elif not identity.proxied():
            sheet("sign_out", {"link": {"label": "Sign out", "href": "/logout"}, "tone": "bare"})
