/** Medplum's types with what CDS Hooks 2.0 has and they do not name, so that no other member passes unseen. */

import type { CdsCard, CdsDiscoveryResponse, CdsResponse, CdsService } from '@medplum/core';
import type { Coding } from '@medplum/fhirtypes';

interface Card extends CdsCard {
  readonly overrideReasons?: Coding[];
  readonly extension?: Record<string, unknown>;
}

interface Service extends CdsService {
  readonly version?: string;
}

export interface Cards extends CdsResponse {
  readonly cards: Card[];
}

export interface Discovery extends CdsDiscoveryResponse {
  readonly services: Service[];
}
