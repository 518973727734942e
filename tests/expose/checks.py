"""What must hold for a gateway behind deploy/oauth2-proxy: checks.py WAY.JSON, where mcp.example.com and id.example.com lead in."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import urllib3
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

WAY = json.loads(pathlib.Path(sys.argv[1]).read_text())
PUBLIC, PROVIDER = "https://mcp.example.com", "https://id.example.com"
STRAIGHT = f"http://{WAY['gateway']}:8811"
HTTP = urllib3.PoolManager(ca_certs=WAY["ca"], retries=False, timeout=urllib3.Timeout(20))
CLIENT = pathlib.Path(__file__).parents[1] / "clients/python/sdk2.py"
# Everything by which somebody might pass for Eddie.
EDDIE = {
    name: "eddie@alpha.example"
    for name in ("X-Forwarded-Email", "X_Forwarded_Email", "X-Forwarded-User", "X-Forwarded-Preferred-Username", "X-Auth-Request-Email",
                 "X-Auth-Request-User", "X-Auth-Request-Preferred-Username")
} | {
    "X-User-ID": "0eddee00-0000-4000-8000-000000000002",
    "X-Org-ID": "a1fa0000-0000-4000-8000-00000000000a",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Uri": "/.well-known/x",
    "X-Forwarded-Host": "id.example.com",
    "X-Original-URL": "/oauth2/sign_in",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;host=mcp.example.com",
}


def jwt(name: str, **more: str) -> str:
    """What a program of that person gets from the provider."""
    headers = urllib3.make_headers(basic_auth=f"laptop-{name}:{WAY['secret']}")
    fields = {"grant_type": "client_credentials", "scope": "mcp"} | more
    answer = HTTP.request("POST", PROVIDER + "/token", fields=fields, headers=headers, encode_multipart=False)
    return json.loads(answer.data)["access_token"]


def signed_in(name: str) -> dict:
    return {"Authorization": "Bearer " + jwt(name)}


def with_token(name: str) -> dict:
    return {"X-Aurora-MCP-Token": WAY[name]}


def call(headers: dict, base: str = PUBLIC, method: str = "tools/list", **params: str):
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    usual = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    return HTTP.request("POST", base + "/mcp", body=json.dumps(body), headers=usual | headers, redirect=False)


def reason(answer) -> tuple:
    return answer.status, json.loads(answer.data).get("reason")


class Programs(unittest.TestCase):
    def refused(self, answer):
        """401 in JSON, with a challenge and without a redirect."""
        self.assertEqual(answer.status, 401, answer.data[:300])
        self.assertEqual(answer.headers["content-type"].split(";")[0], "application/json")
        self.assertRegex(answer.headers["www-authenticate"], "^Bearer ")
        self.assertNotIn("location", answer.headers)
        json.loads(answer.data)

    def test_no_credentials_are_refused_without_a_redirect(self):
        self.refused(call({}))
        self.refused(HTTP.request("GET", PUBLIC + "/mcp", headers={"Accept": "text/event-stream"}, redirect=False))

    def test_a_token_alone_is_refused(self):
        self.refused(call(with_token("alice")))
        self.refused(call({"Authorization": "Bearer " + WAY["alice"]}))

    def test_a_jwt_alone_is_refused_by_the_gateway(self):
        answer = call(signed_in("alice"))
        self.refused(answer)
        self.assertEqual(reason(answer), (401, "malformed"), "a JWT is no token of Aurora")

    def test_a_wrong_token_is_explained_through_the_proxy(self):
        answer = call(signed_in("alice") | {"X-Aurora-MCP-Token": "aurora_mcp_" + "x" * 64})
        self.refused(answer)
        self.assertEqual(reason(answer), (401, "unknown"))

    def test_a_jwt_that_is_not_for_this_proxy_is_none(self):
        head, body, signature = jwt("alice").split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        other = base64.urlsafe_b64encode(json.dumps(claims | {"email": "eddie@alpha.example"}).encode()).decode().rstrip("=")
        unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        for name, wrong in {
            "for another service": jwt("alice", resource="https://another.example.com"),
            "claims changed": f"{head}.{other}.{signature}",
            "not signed": f"{unsigned}.{other}.",
        }.items():
            with self.subTest(name):
                self.refused(call(with_token("eddie") | {"Authorization": "Bearer " + wrong}))

    def test_somebody_whom_the_proxy_does_not_know_is_refused(self):
        self.assertIn(call(signed_in("bob") | with_token("alice")).status, (401, 403))

    def test_both_work(self):
        answer = call(signed_in("alice") | with_token("alice"))
        self.assertEqual(answer.status, 200, answer.data[:300])
        self.assertIn("list_incidents", answer.data.decode())

    def test_both_work_with_the_official_sdk(self):
        server = {"url": PUBLIC + "/mcp", "headers": signed_in("alice") | with_token("alice")}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"mcpServers": {"aurora": server}}, file)
            file.flush()
            environment = os.environ | {"SSL_CERT_FILE": WAY["ca"]}
            ran = subprocess.run([WAY["sdk"], CLIENT, file.name], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr[-2000:])
        seen = json.loads(ran.stdout)
        self.assertEqual(seen["server"], "aurora")
        self.assertIn("list_incidents", seen["tools"])
        self.assertTrue(seen["call"]["incidents"])

    def test_somebody_elses_token_is_refused(self):
        answer = call(signed_in("alice") | with_token("eddie"))
        self.assertEqual(reason(answer), (403, "another_users_token"), answer.data[:300])

    def test_headers_made_up_gain_nothing_through_the_proxy(self):
        self.refused(call(EDDIE | with_token("eddie")))
        answer = call(EDDIE | signed_in("alice") | with_token("eddie"))
        self.assertEqual(reason(answer), (403, "another_users_token"), answer.data[:300])
        for header, value in EDDIE.items():
            with self.subTest(header):
                answer = call({header: value} | signed_in("alice") | with_token("eddie"))
                self.assertEqual(answer.status, 403, answer.data[:300])
        answer = call(EDDIE | signed_in("alice") | with_token("alice"), method="resources/read", uri="aurora://whoami")
        self.assertIn("alice@alpha.example", answer.data.decode())
        self.assertNotIn("eddie", answer.data.decode())

    def test_headers_made_up_gain_nothing_past_the_proxy(self):
        for headers in ({}, EDDIE, signed_in("eddie"), EDDIE | signed_in("eddie")):
            answer = call(headers | with_token("eddie"), base=STRAIGHT)
            self.assertEqual(reason(answer), (403, "not_through_proxy"), headers)

    def test_clients_that_look_for_metadata_hear_that_there_is_none(self):
        for path in ("oauth-protected-resource", "oauth-protected-resource/mcp", "oauth-authorization-server"):
            answer = HTTP.request("GET", f"{PUBLIC}/.well-known/{path}", redirect=False)
            self.assertEqual((answer.status, json.loads(answer.data)["error"]), (404, "not_found"), path)


class People(unittest.TestCase):
    def setUp(self):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(profile.cleanup)
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=900,1400",
                         f"--user-data-dir={profile.name}", f"--ignore-certificate-errors-spki-list={WAY['key']}"):
            options.add_argument(argument)
        self.browser = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
        self.addCleanup(self.browser.quit)

    def until(self, holds):
        return WebDriverWait(self.browser, 20).until(lambda _: holds())

    def sign_in(self, email: str):
        """Opens the gateway's address, and does what the provider's pages ask."""
        self.browser.get(PUBLIC + "/")
        self.until(lambda: self.browser.current_url.startswith(PROVIDER))
        self.browser.find_element(By.NAME, "login").send_keys(email)
        self.browser.find_element(By.NAME, "password").send_keys("any")
        self.browser.find_element(By.CSS_SELECTOR, "[type=submit]").click()
        self.until(lambda: not self.browser.find_elements(By.NAME, "password"))
        if self.browser.current_url.startswith(PROVIDER):
            self.browser.find_element(By.CSS_SELECTOR, "[type=submit]").click()
        self.until(lambda: self.browser.current_url.startswith(PUBLIC))

    def check(self, token: str) -> str:
        field = self.browser.find_element(By.ID, "token")
        field.clear()
        field.send_keys(token)
        self.browser.find_element(By.CSS_SELECTOR, "#check button").click()
        result = self.browser.find_element(By.ID, "result")
        self.until(lambda: result.get_attribute("textContent") not in ("", "Checking …"))
        return result.get_attribute("textContent")

    def test_who_is_signed_in_uses_a_token_of_their_own_and_no_other(self):
        self.sign_in("alice@alpha.example")
        self.assertEqual(self.browser.find_element(By.ID, "address").text, PUBLIC + "/mcp")
        shown = self.check(WAY["alice"])
        self.assertIn("The token works.", shown)
        self.assertIn("alice@alpha.example", shown)
        if WAY["pictures"]:
            self.browser.save_screenshot(f"{WAY['pictures']}/{WAY['shape']}.png")
        self.assertIn("403: This token belongs to another user", self.check(WAY["eddie"]))
        [cookie] = [one for one in self.browser.get_cookies() if one["name"].startswith("__Host-aurora-mcp")]
        self.assertTrue(cookie["httpOnly"] and cookie["secure"], cookie)
        self.browser.delete_all_cookies()
        self.assertIn("401", self.check(WAY["alice"]), "a token alone, also from a page that is still open")

    def test_somebody_of_another_domain_does_not_get_in(self):
        self.sign_in("bob@beta.example")
        self.assertFalse(self.browser.find_elements(By.ID, "token"), "no connect page")
        self.assertIn("403", self.browser.find_element(By.TAG_NAME, "body").text)


cases = (unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in (Programs, People))
result = unittest.TextTestRunner().run(unittest.TestSuite(cases))
failed = len(result.failures) + len(result.errors)
print(f"test result: {'FAILED' if failed else 'ok'}. {result.testsRun - failed} passed; {failed} failed (behind {WAY['shape']})")
sys.exit(bool(failed))
