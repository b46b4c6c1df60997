import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Prometheus metrics of one node; names get the prefix `publica_`. */
export interface Metrics {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** The text Prometheus scrapes. */
  text(): Promise<string>;
}

export function createMetrics({ process = true }: { process?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  const named = (name: string) => `publica_${name}`;
  return {
    counter: (name, help, labels = []) =>
      new Counter({ name: named(name), help, labelNames: [...labels], registers: [registry] }),
    gauge: (name, help, labels = []) =>
      new Gauge({ name: named(name), help, labelNames: [...labels], registers: [registry] }),
    histogram: (name, help, buckets) =>
      new Histogram({ name: named(name), help, buckets: [...buckets], registers: [registry] }),
    text: () => registry.metrics(),
  };
}
