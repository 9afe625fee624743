/* The worklist's cells. */

(function (lightbox) {
  "use strict";

  const element = (...parts) => window.React.createElement(...parts);
  const badge = (look, words, title) => element("span", { className: "lb-badge " + look, title: title }, words);
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  /** Where a reading stands, with a way to end it for who may. */
  function queued({ queue, may_cancel: may, scan_id: scan, patient }) {
    const words = element("small", { key: "place", className: "lb-queue-place", title: queue }, queue);
    if (!may) return words;
    const act = (event) => {
      event.target.disabled = true;
      lightbox.cancelReading(scan);
    };
    const label = "Cancel the reading of " + patient;
    const look = { key: "cancel", type: "button", className: "btn btn-sm btn-link lb-queue-cancel", "aria-label": label, onClick: act };
    return element("span", { className: "lb-queued" }, words, element("button", look, "Cancel"));
  }

  cells.Thumbnail = function (props) {
    if (!props.data) return null;
    const hide = (event) => (event.target.style.visibility = "hidden");
    const src = "/scans/" + props.data.scan_id + "/thumbnail.png";
    return element("img", { className: "lb-thumbnail", src: src, alt: "", loading: "lazy", onError: hide });
  };

  cells.ScanLink = function (props) {
    if (!props.data) return element("span", { className: "lb-loading-row" }, "…");
    const href = "/scans/" + props.data.scan_id;
    // The cell's own click opens the scan in this tab; the link is for new tabs and screen readers.
    const stay = (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.preventDefault();
      else event.stopPropagation();
    };
    const words = { href: href, className: "lb-scan-link", onClick: stay, tabIndex: -1 };
    const parts = [element("a", { key: "link", ...words }, props.value || "Unknown")];
    if (props.data.synthetic) parts.push(" ", element("span", { key: "synthetic", className: "lb-badge lb-synthetic" }, props.data.synthetic));
    const calls = props.data.urgency_code !== "routine" ? props.data.urgency : "";
    const second = [calls, props.data.assigned].filter(Boolean).join(" · ");
    if (second) parts.push(element("small", { key: "second", className: "lb-narrow-only" }, second)); // its columns are hidden there
    return element("span", { className: "lb-patient-cell" }, ...parts);
  };

  cells.PatientLink = function (props) {
    if (!props.value) return null;
    // The cell's own click opens the page in this tab, as above.
    const stay = (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.preventDefault();
      else event.stopPropagation();
    };
    const name = "Patient page of " + (props.data.patient || props.value);
    const sign = element("i", { className: "bi bi-person-lines-fill", "aria-hidden": true });
    return element("a", { href: "/patients/" + props.value, title: name, "aria-label": name, onClick: stay, tabIndex: -1 }, sign);
  };

  cells.ResultCell = function (props) {
    if (!props.data) return null;
    if (props.data.queue) return queued(props.data);
    if (!props.data.result) return null;
    const { outcome, result, reasons } = props.data;
    const look = "lb-result-" + outcome;
    if (outcome !== "uncertain") return element("span", { className: look, title: result }, result);
    const sign = element("i", { className: "bi bi-exclamation-diamond-fill me-1", "aria-hidden": true });
    const words = element("span", { className: "lb-result-word" }, sign, result);
    return element("span", { className: look, title: reasons }, words, element("small", null, reasons));
  };

  cells.UrgencyBadge = function (props) {
    if (!props.data || props.data.urgency_code === "routine") return null;
    const why = props.data.urgency_code === "suggested" ? "Something was found, and nobody has reviewed it yet" : undefined;
    return badge("lb-urgency-" + props.data.urgency_code, props.value, why);
  };

  cells.DoubtBadge = function (props) {
    if (!props.data || !props.value) return null;
    return badge("lb-doubt-" + props.data.doubt_code, props.value, props.data.reasons || undefined);
  };

  cells.AssignedCell = function (props) {
    if (!props.data || !props.value) return null;
    return element("span", { className: props.data.mine ? "lb-mine" : "", title: props.value }, props.data.mine ? "Me" : props.value);
  };

  cells.StatusBadge = function (props) {
    if (!props.data) return null;
    const { verdict, status_code: status, not_accepted: mark } = props.data;
    const reviewed = verdict && !props.api.getColumn("verdict").isVisible();
    const said = reviewed ? badge("lb-verdict-" + verdict.toLowerCase(), verdict) : badge("lb-status-" + status, props.value);
    return mark ? element("span", { className: "lb-marked", title: "The version that read this is not yet accepted on its scanner" }, said, element("small", null, mark)) : said;
  };

  cells.ReceivedCell = function (props) {
    if (!props.data || !props.value) return null;
    const [day, time] = props.value.split(" ");
    return element("span", { className: "lb-two-lines" }, day, element("small", null, time));
  };

  cells.VerdictBadge = function (props) {
    if (!props.data || !props.value) return null;
    return badge("lb-verdict-" + props.value.toLowerCase(), props.value);
  };
})(window.lightbox);
