# ory-kratos-client (Python) against adieu: only the hosts are ours.
import json
import os

import ory_kratos_client as ory
from ory_kratos_client.exceptions import ApiException

known = json.loads(os.environ["VARS"])["kratos"]
frontend = ory.FrontendApi(ory.ApiClient(ory.Configuration(host=known["public"])))
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


def a_native_session_lives_from_sign_on_to_logout():
    refused(400, lambda: sign_on(known["alice"], "not the password"))
    signed_on = sign_on(known["alice"], known["alice_password"])
    token = signed_on.session_token
    assert frontend.to_session(x_session_token=token).id == signed_on.session.id
    body = ory.PerformNativeLogoutBody(session_token=token)
    frontend.perform_native_logout(perform_native_logout_body=body)
    refused(401, lambda: frontend.to_session(x_session_token=token))
    frontend.perform_native_logout(perform_native_logout_body=body)


def an_administrator_ends_a_session():
    signed_on = sign_on(known["bob"], known["bob_password"])
    assert identities.get_session(id=signed_on.session.id).active
    identities.disable_session(id=signed_on.session.id)
    assert not identities.get_session(id=signed_on.session.id).active
    refused(401, lambda: frontend.to_session(x_session_token=signed_on.session_token))
    assert identities.list_sessions(page_size=1)


for step in [a_native_session_lives_from_sign_on_to_logout, an_administrator_ends_a_session]:
    step()
    print("ok ", step.__name__)
