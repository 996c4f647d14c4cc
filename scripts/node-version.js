/**
 * Loaded before every script (`node --import`): says in one line when this Node cannot read TypeScript, where Node
 * itself would only name a file extension. Plain JavaScript, so that such a Node can read it.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `kedge needs Node 22.18 or newer and this is ${process.versions.node}. ` +
      "npm install brings one: install, and start through npm run.",
  );
  process.exit(1);
}
