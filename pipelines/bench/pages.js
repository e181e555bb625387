// node pages.js PAGES MODULES: console errors, requests beyond the files, and axe's serious findings, as JSON.
const fs = require("fs"), path = require("path");
const [, , pages, modules] = process.argv;
const { createRequire } = require("module");
const load = createRequire(path.join(modules, "package.json"));
const { chromium } = load("playwright-core");
const axe = fs.readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const files = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  const full = path.join(folder, entry.name);
  return entry.isDirectory() ? files(full) : full.endsWith(".html") ? [full] : [];
});

(async () => {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"],
  });
  const seen = { browsed: 0, errors: 0, requests: 0, serious: 0, what: [] };
  for (const file of files(pages)) {
    const page = await browser.newPage();
    page.on("console", (said) => { if (said.type() === "error") { seen.errors += 1; seen.what.push(said.text()); } });
    page.on("pageerror", (error) => { seen.errors += 1; seen.what.push(String(error)); });
    page.on("request", (asked) => { if (!asked.url().startsWith("file:")) seen.requests += 1; });
    await page.goto("file://" + file);
    await page.evaluate(axe);
    const found = (await page.evaluate(() => axe.run())).violations;
    for (const one of found.filter((rule) => ["serious", "critical"].includes(rule.impact))) {
      seen.serious += 1;
      seen.what.push(`${path.basename(file)}: ${one.id}`);
    }
    seen.browsed += 1;
    await page.close();
  }
  await browser.close();
  console.log(JSON.stringify(seen));
})().catch((error) => { console.error(String(error)); process.exit(1); });
