"""What no page may have, in any browser test: errors, requests to other hosts, serious faults of accessibility."""


def check_faultless(page, *names):
    """No error in the console, no request to another host, no exception on the page of one of these names."""
    # On a link to a page, Streamlit's own client looks for its server below that page first, and then at the root.
    probes = tuple(f"/{name}/_stcore/{what}" for name in names for what in ("health", "host-config"))
    assert [p for p in page.problems if not ("404" in p and p.endswith(probes))] == [] and page.refused == []
    assert page.locator("[data-testid=stException]").count() == 0


def serious_faults(page):
    """What axe finds to be a serious fault of accessibility, each with an example."""
    from axe_playwright_python.sync_playwright import Axe

    # To list where each rule found nothing takes as long again.
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]
