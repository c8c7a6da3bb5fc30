// The npm package docker-compose: node docker-compose.mjs MODULES FOLDER PROJECT
import { createRequire } from 'node:module';

const [modules, cwd, project] = process.argv.slice(2);
const compose = createRequire(`${modules}/`)('docker-compose');
const options = { cwd, composeOptions: ['-p', project] };

function equal(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}

equal(/^2\.\d+\.\d+$/.test((await compose.version({ cwd })).data.version), true);
equal((await compose.configServices(options)).data.services, ['web']);
await compose.buildAll(options);
await compose.upAll({ ...options, commandOptions: ['--wait'] });
const [web] = (await compose.ps(options)).data.services;
equal([web.name, web.ports[0].exposed.port], [`${project}-web-1`, 80]);
equal((await compose.port('web', 80, options)).data.port, web.ports[0].mapped.port);
equal((await compose.exec('web', ['cat', '/w/index.html'], options)).out, 'hello\n');
equal((await compose.run('web', 'echo once', { ...options, commandOptions: ['--rm'] })).out, 'once\n');
equal((await compose.logs('web', options)).out, 'web-1  | ready\n');
equal((await compose.images(options)).data.services[0].repository, 'busybox');
equal((await compose.stats('web', options)).Name, `${project}-web-1`);
await compose.restartAll({ ...options, commandOptions: ['-t', '0'] });
await compose.pauseOne('web', options);
await compose.unpauseOne('web', options);
await compose.stop(options);
await compose.upOne('web', options);
await compose.kill(options);
await compose.rm(options);
await compose.createAll(options);
await compose.downAll(options);
