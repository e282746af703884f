// @ts-check
/**
 * An EHR of its own: reads discovery, resolves each prefetch template against a FHIR server and calls every service for
 * every patient, all with the Medplum client. Reads what to do from stdin and writes what came to stdout, as JSON.
 */

import { MedplumClient, OperationOutcomeError, buildCdsRequest } from '@medplum/core';
import { text } from 'node:stream/consumers';

/** @typedef {import('@medplum/core').CdsRequest} CdsRequest */
/** @typedef {import('@medplum/core').CdsResponse} CdsResponse */
/** @typedef {import('@medplum/core').CdsUserResource} CdsUserResource */
/** @typedef {{ cds: string, fhir: string, patients: string[], change: Partial<CdsRequest> }} Task */
/** @typedef {{ service: string, patient: string, request: CdsRequest, answer?: CdsResponse, outcome?: unknown }} Call */

/** @type {CdsUserResource} */
const user = { resourceType: 'Practitioner', id: 'demo' };

/** @type {Task} */
const task = JSON.parse(await text(process.stdin));
const medplum = new MedplumClient({
  baseUrl: new URL('/', task.fhir).href,
  fhirUrlPath: new URL(task.fhir).pathname.slice(1),
  cdsServicesUrl: `${task.cds}/cds-services`,
});

/**
 * Returns what the service answered, or the OperationOutcome that the client made of a refusal.
 * @param {string} service
 * @param {CdsRequest} request
 * @returns {Promise<Pick<Call, 'answer' | 'outcome'>>}
 */
async function called(service, request) {
  try {
    return { answer: await medplum.callCdsService(service, request) };
  } catch (error) {
    if (error instanceof OperationOutcomeError) {
      return { outcome: error.outcome };
    }
    throw error;
  }
}

const discovery = await medplum.getCdsServices();
/** @type {Call[]} */
const calls = [];
for (const patient of task.patients) {
  for (const service of discovery.services) {
    const context = { userId: `${user.resourceType}/${user.id}`, patientId: patient };
    const request = { ...(await buildCdsRequest(medplum, user, service, context)), ...task.change };
    calls.push({ service: service.id, patient, request, ...(await called(service.id, request)) });
  }
}
process.stdout.write(JSON.stringify({ discovery, calls }));
