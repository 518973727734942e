"""The connect page in a real browser: connect_page.py URL TOKEN [FOLDER FOR PICTURES]. Headless Chromium, driven by selenium."""

import base64
import json
import pathlib
import re
import sys
import tomllib
import unittest
from urllib.parse import parse_qs, unquote, urlsplit

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

URL, TOKEN = sys.argv[1].rstrip("/"), sys.argv[2]
PICTURES = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
SNIPPETS = ("cursor", "claude-code", "claude-desktop", "vscode", "windsurf", "cline")


def browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=900,1400"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG defines it; both are CSS `rgb(…)`."""

    def luminance(colour: str) -> float:
        channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class ConnectPage(unittest.TestCase):
    def setUp(self):
        self.browser = browser()
        self.addCleanup(self.browser.quit)
        self.browser.get(URL + "/")

    def text(self, selector: str) -> str:
        return self.browser.find_element(By.CSS_SELECTOR, selector).get_attribute("textContent")

    def check(self, token: str) -> str:
        field = self.browser.find_element(By.ID, "token")
        field.clear()
        field.send_keys(token)
        self.browser.find_element(By.CSS_SELECTOR, "#check button").click()
        WebDriverWait(self.browser, 15).until(lambda _: self.text("#result") not in ("", "Checking …"))
        return self.text("#result")

    def colour(self, selector: str, name: str = "color") -> str:
        return self.browser.execute_script(
            "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, name)

    def picture(self, name: str):
        if PICTURES:
            height = self.browser.execute_script("return document.documentElement.scrollHeight")
            self.browser.set_window_size(900, height + 160)
            self.browser.execute_script("scrollTo(0, 0)")
            self.browser.save_screenshot(str(PICTURES / f"{name}.png"))

    def test_every_client_gets_this_address_and_no_token(self):
        self.assertEqual(self.text("#address"), URL + "/mcp")
        for name in SNIPPETS:
            snippet = json.loads(self.text("#" + name))
            servers = snippet.get("mcpServers") or snippet["servers"]
            self.assertIn(URL + "/mcp", json.dumps(servers["aurora"]), name)
        self.assertEqual(json.loads(self.text("#windsurf"))["mcpServers"]["aurora"]["serverUrl"], URL + "/mcp")
        self.assertEqual(json.loads(self.text("#cline"))["mcpServers"]["aurora"]["type"], "streamableHttp")
        self.assertTrue(json.loads(self.text("#vscode"))["inputs"][0]["password"], "VS Code masks the token")
        codex = tomllib.loads(self.text("#codex"))["mcp_servers"]["aurora"]
        self.assertEqual(codex, {"url": URL + "/mcp", "bearer_token_env_var": "AURORA_MCP_TOKEN"})

    def test_links_that_install_hold_the_configuration_and_no_token(self):
        self.check(TOKEN)
        link = urlsplit(self.browser.find_element(By.ID, "cursor-link").get_attribute("href"))
        cursor = json.loads(base64.b64decode(parse_qs(link.query)["config"][0]))
        self.assertEqual((link.scheme, cursor["url"]), ("cursor", URL + "/mcp"))
        self.assertEqual(cursor["headers"]["Authorization"], "Bearer ${env:AURORA_MCP_TOKEN}")
        link = self.browser.find_element(By.ID, "vscode-link").get_attribute("href")
        code = json.loads(unquote(link.removeprefix("vscode:mcp/install?")))
        self.assertEqual((code["name"], code["type"], code["url"]), ("aurora", "http", URL + "/mcp"))
        self.assertTrue(code["inputs"][0]["password"])

    def test_a_good_token_shows_who_it_is_and_how_each_dependency_is(self):
        shown = self.check(TOKEN)
        self.assertIn("The token works.", shown)
        self.assertIn("user id", shown)
        for component in ("database", "redis", "weaviate", "celery", "aurora_api"):
            self.assertIn(component, shown)
        self.assertEqual(self.text("#result td.healthy"), "● healthy")
        self.picture("connect-light")

    def test_a_wrong_token_is_explained_in_the_gateways_words(self):
        self.assertIn("401: No token like this exists.", self.check("aurora_mcp_" + "x" * 64))
        self.assertIn("401: The client sent a placeholder", self.check("${AURORA_MCP_TOKEN}"))
        self.assertIn("This is not a token", self.check("two words"))

    def test_a_token_is_kept_nowhere(self):
        self.check(TOKEN)
        kept = self.browser.execute_script(
            "return [document.documentElement.outerHTML, location.href, document.cookie, JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage})].join()")
        self.assertNotIn(TOKEN, kept)
        self.browser.refresh()
        self.assertEqual(self.browser.find_element(By.ID, "token").get_attribute("value"), "")

    def test_nothing_is_asked_of_anyone_else_and_nothing_offends_the_policy(self):
        self.check(TOKEN)
        asked = set()
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.add(message["params"]["request"]["url"])
        self.assertIn(URL + "/mcp", asked)
        self.assertEqual({urlsplit(one).netloc for one in asked}, {urlsplit(URL).netloc})
        offences = [one["message"] for one in self.browser.get_log("browser") if "favicon" not in one["message"]]
        self.assertEqual(offences, [])

    def test_a_script_that_the_policy_does_not_name_does_not_run(self):
        self.browser.execute_script(
            "const script = document.createElement('script'); script.textContent = 'window.injected = true'; document.body.append(script)")
        self.assertIsNone(self.browser.execute_script("return window.injected ?? null"))

    def test_light_and_dark_are_legible(self):
        grounds = set()
        for scheme in ("light", "dark"):
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            self.check(TOKEN)
            ground = self.colour("body", "backgroundColor")
            grounds.add(ground)
            for selector in ("body", "button", "#result .healthy", "#result td small", "pre"):
                if not self.browser.find_elements(By.CSS_SELECTOR, selector):
                    continue
                behind = self.colour("pre", "backgroundColor") if selector == "pre" else ground
                self.assertGreaterEqual(contrast(self.colour(selector), behind), 4.5, f"{scheme}: {selector}")
            self.picture(f"connect-{scheme}")
        self.assertEqual(len(grounds), 2)

    def test_a_phone_needs_no_sideways_scrolling_and_has_room_for_fingers(self):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
        self.check(TOKEN)
        for details in self.browser.find_elements(By.CSS_SELECTOR, "summary"):
            details.click()
        wide = self.browser.execute_script("return document.documentElement.scrollWidth")
        self.assertLessEqual(wide, 360)
        low = self.browser.execute_script(
            "return [...document.querySelectorAll('button, .button, summary, input')].filter(one => one.offsetParent && one.offsetHeight < 36).map(one => one.textContent)")
        self.assertEqual(low, [])
        self.picture("connect-phone")


result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(ConnectPage))
failed = len(result.failures) + len(result.errors)
print(f"test result: {'FAILED' if failed else 'ok'}. {result.testsRun - failed} passed; {failed} failed (the connect page in Chromium)")
sys.exit(bool(failed))
