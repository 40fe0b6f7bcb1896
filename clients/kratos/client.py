# ory-kratos-client (Python) against adieu: only the hosts are ours.
import json
import os

import ory_kratos_client as ory
from ory_kratos_client.exceptions import ApiException

known = json.loads(os.environ["VARS"])["kratos"]
base = known["public"] + os.environ.get("BELOW", "")
frontend = ory.FrontendApi(ory.ApiClient(ory.Configuration(host=base)))
identities = ory.IdentityApi(ory.ApiClient(ory.Configuration(host=known["admin"])))


def sign_on(identifier, password):
    flow = frontend.create_native_login_flow()
    body = ory.UpdateLoginFlowWithPasswordMethod(method="password", identifier=identifier, password=password)
    return frontend.update_login_flow(flow=flow.id, update_login_flow_body=ory.UpdateLoginFlowBody(body))


def refused(status, call):
    try:
        call()
    except ApiException as error:
        assert error.status == status, error
        return
    raise AssertionError("the call was not refused")


def whoami(token):
    return frontend.to_session(x_session_token=token)


def a_native_session_lives_from_sign_on_to_logout():
    refused(400, lambda: sign_on(known["alice"], "not the password"))
    signed_on = sign_on(known["alice"], known["alice_password"])
    token = signed_on.session_token
    assert whoami(token).id == signed_on.session.id
    body = ory.PerformNativeLogoutBody(session_token=token)
    frontend.perform_native_logout(perform_native_logout_body=body)
    refused(401, lambda: whoami(token))
    frontend.perform_native_logout(perform_native_logout_body=body)
    forged = ory.PerformNativeLogoutBody(session_token=token[:-4] + "AAAA")
    refused(403, lambda: frontend.perform_native_logout(perform_native_logout_body=forged))


def cookies_of(answer, jar):
    for name, value in answer.headers.items():
        if name.lower() == "set-cookie":
            pair, *attributes = value.split(";")
            key, _, text = pair.partition("=")
            gone = any(one.strip().lower() == "max-age=0" for one in attributes)
            jar.pop(key, None) if gone else jar.update({key: text})
    return "; ".join(f"{key}={text}" for key, text in jar.items())


def browser_sign_on(identifier, password):
    """A browser's cookies after its sign-on."""
    jar = {}
    begun = frontend.create_browser_login_flow_with_http_info()
    cookie = cookies_of(begun, jar)
    attributes = [node.attributes.actual_instance for node in begun.data.ui.nodes]
    token = next(one.value for one in attributes if one.name == "csrf_token")
    token = getattr(token, "actual_instance", token)
    body = ory.UpdateLoginFlowWithPasswordMethod(
        method="password", identifier=identifier, password=password, csrf_token=token
    )
    done = frontend.update_login_flow_with_http_info(
        flow=begun.data.id, update_login_flow_body=ory.UpdateLoginFlowBody(body), cookie=cookie
    )
    return cookies_of(done, jar)


def a_browser_signs_on_and_off():
    hers = browser_sign_on(known["alice"], known["alice_password"])
    his = browser_sign_on(known["bob"], known["bob_password"])
    assert frontend.to_session(cookie=hers).identity.traits["email"] == known["alice"]
    token = frontend.create_browser_logout_flow(cookie=hers).logout_token
    refused(403, lambda: frontend.update_logout_flow(token=token, cookie=his))
    assert frontend.to_session(cookie=hers).active
    frontend.update_logout_flow(token=token, cookie=hers)
    refused(401, lambda: frontend.to_session(cookie=hers))
    refused(401, lambda: frontend.update_logout_flow(token=token, cookie=hers))
    assert frontend.to_session(cookie=his).active


def sessions_are_listed_and_end_for_nobody_else():
    mine = sign_on(known["alice"], known["alice_password"]).session_token
    other = sign_on(known["alice"], known["alice_password"])
    bobs = sign_on(known["bob"], known["bob_password"])
    listed = [one.id for one in frontend.list_my_sessions(x_session_token=mine)]
    assert other.session.id in listed and bobs.session.id not in listed, listed
    frontend.disable_my_session(id=bobs.session.id, x_session_token=mine)
    assert whoami(bobs.session_token).active
    frontend.disable_my_session(id=other.session.id, x_session_token=mine)
    refused(401, lambda: whoami(other.session_token))
    refused(401, lambda: frontend.list_my_sessions(x_session_token=other.session_token))


def an_administrator_ends_a_session():
    signed_on = sign_on(known["bob"], known["bob_password"])
    assert identities.get_session(id=signed_on.session.id).active
    assert signed_on.session.id in [one.id for one in identities.list_sessions(page_size=500, active=True)]
    identities.disable_session(id=signed_on.session.id)
    assert not identities.get_session(id=signed_on.session.id).active
    refused(401, lambda: whoami(signed_on.session_token))


def an_administrator_makes_and_deletes_an_identity():
    email, password = f"made-by-python-{os.getpid()}@example.test", "correct-horse-battery-9"
    config = ory.IdentityWithCredentialsPasswordConfig(password=password)
    credentials = ory.IdentityWithCredentials(password=ory.IdentityWithCredentialsPassword(config=config))
    wanted = ory.CreateIdentityBody(schema_id="person", traits={"email": email}, credentials=credentials)
    made = identities.create_identity(create_identity_body=wanted)
    refused(409, lambda: identities.create_identity(create_identity_body=wanted))
    signed_on = sign_on(email, password)
    assert [one.id for one in identities.list_identity_sessions(id=made.id)] == [signed_on.session.id]
    identities.delete_identity(id=made.id)
    refused(401, lambda: whoami(signed_on.session_token))
    refused(404, lambda: identities.get_identity(id=made.id))


for step in [
    a_native_session_lives_from_sign_on_to_logout,
    a_browser_signs_on_and_off,
    sessions_are_listed_and_end_for_nobody_else,
    an_administrator_ends_a_session,
    an_administrator_makes_and_deletes_an_identity,
]:
    step()
    print("ok ", step.__name__)
