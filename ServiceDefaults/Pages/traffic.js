// What a tenant was served: its last hour as charts, its refusals, its limits.
import { html } from "./preact.js";
import { bytes, count, minute } from "./lib.js";
import { Card, Empty, Meter, Time } from "./parts.js";
import { Chart, Counted, Numbers, perSecond } from "./chart.js";

/** The last hour of a tenant. */
export const Hour = ({ history }) => html`<div class="charts">
    <${Chart} title="Requests per second" history=${history} lines=${[{ name: "all", kind: "one", values: perSecond(history, "requests") },
      { name: "refused", kind: "warning", values: perSecond(history, "refused") }, { name: "errors", kind: "bad", values: perSecond(history, "errors") }]}/>
    <${Chart} title="Pulls per minute" history=${history} lines=${[{ name: "manifests", kind: "two", values: history.series.pulls.map(value => value * 60 / history.seconds) }]}/>
    <${Chart} title="Bytes per second" history=${history} write=${bytes} lines=${[{ name: "sent", kind: "one", values: perSecond(history, "sent") },
      { name: "received", kind: "two", values: perSecond(history, "received") }]}/>
  </div>
  <${Numbers} history=${history} columns=${{ requests: { title: "Requests" }, refused: { title: "Refused" }, errors: { title: "Errors" }, pulls: { title: "Pulls" },
    sent: { title: "Sent", write: bytes }, received: { title: "Received", write: bytes } }}/>
  <${Counted} since=${history.since}/>`;

const milliseconds = value => `${count(Math.round(value))} ms`;

/** The last hour of an upstream. */
export const UpstreamHour = ({ history }) => html`<div class="charts">
    <${Chart} title="Requests per second" history=${history} lines=${[{ name: "all", kind: "one", values: perSecond(history, "requests") },
      { name: "refused", kind: "warning", values: perSecond(history, "refused") }, { name: "failures", kind: "bad", values: perSecond(history, "failures") }]}/>
    <${Chart} title="Mean time to the head of an answer" history=${history} write=${milliseconds} lines=${[{ name: "mean", kind: "two",
      values: history.series.seconds.map((seconds, i) => history.series.requests[i] > 0 ? 1000 * seconds / history.series.requests[i] : 0) }]}/>
  </div>
  <${Numbers} history=${history} columns=${{ requests: { title: "Requests" }, refused: { title: "Refused" }, failures: { title: "Failures" }, seconds: { title: "Seconds" } }}/>
  <${Counted} since=${history.since}/>`;

const reasons = {
  rule: "no access rule allows it", scope: "the token lacks the scope", token: "bad, expired or revoked token", credentials: "no or bad credentials",
  login: "failed login", undecided: "could not be decided", upstream: "the upstream refused", limit: "a limit was met",
};

/** Refusals by reason, the most frequent first. */
export const Refusals = ({ refusals, since }) => html`<${Card} title="Refusals by reason" id="refusals"
  note=${since && html`Since each gateway started, the first at <${Time} at=${since} write=${minute}/>.`}>
  ${refusals.length === 0 ? html`<${Empty}>Nothing was refused.<//>` : html`<dl class="bars">${refusals.map(refusal => html`<div><dt>${reasons[refusal.reason] ?? refusal.reason}</dt>
    <dd><progress max=${refusals[0].count} value=${refusal.count} aria-label=${refusal.reason}></progress> ${count(refusal.count)}</dd></div>`)}</dl>`}<//>`;

const titles = {
  requestsPerSecond: ["Requests per second", count], bytesPerSecond: ["Bytes per second", bytes], concurrentStreams: ["Transfers at a time", count],
  "perIdentity.requestsPerSecond": ["Requests per second of one identity", count],
};

/** Limits with what is used of them: [{ name, limit, use }]; use is null where each identity has its own. */
export const Limits = ({ limits, note }) => html`<${Card} title="Limits and their use" id="limits" note=${limits.length > 0 && note}>
  ${limits.length === 0 ? html`<${Empty}>This tenant has no limits.<//>` : html`<dl class="bars">${limits.map(limit => {
    const [title, write] = titles[limit.name];
    return html`<div><dt>${title}</dt><dd>${limit.use === null ? html`${write(limit.limit)} <span class="dim">each</span>`
      : html`<${Meter} label=${title} value=${limit.use} most=${limit.limit}/> ${write(limit.use)} of ${write(limit.limit)}`}</dd></div>`;
  })}</dl>`}<//>`;
