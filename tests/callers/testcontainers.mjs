// The npm package testcontainers: node testcontainers.mjs MODULES FOLDER PROJECT
import { createRequire } from 'node:module';

const [modules, folder, project] = process.argv.slice(2);
const { DockerComposeEnvironment, Wait } = createRequire(`${modules}/`)('testcontainers');

const declared = () => new DockerComposeEnvironment(folder, 'compose.yaml').withProjectName(project);
const environment = await declared().withWaitStrategy('web-1', Wait.forHealthCheck()).up();
const web = environment.getContainer('web-1');
const { output } = await web.exec(['cat', '/w/index.html']);
if (output !== 'hello\n' || !(web.getMappedPort(80) > 0)) {
  throw new Error(`${output} at ${web.getMappedPort(80)}`);
}
await environment.stop();
await (await declared().up(['web'])).down();
process.exit(0);
