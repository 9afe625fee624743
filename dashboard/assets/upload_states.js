/* What an upload is doing, and how that is said. An upload goes through these phases: asking, packing, sending,
   waiting, opening, done; it may end as failed, and be interrupted or cancelled on the way. */

(function (lightbox) {
  "use strict";

  /** Whether a scan waits to be read or is read. */
  const unread = (scan) => scan.status === "waiting" || scan.status === "reading";

  /** Whether there is something that can be cancelled: an upload, its opening, or readings that it brought. */
  function cancellable(item) {
    if (["packing", "sending", "interrupted", "asking"].includes(item.phase)) return true;
    return (item.phase === "waiting" && Boolean(item.id)) || (item.phase === "done" && item.scans.some((scan) => !scan.known && unread(scan)));
  }

  /** Whether nothing more will happen to it by itself. */
  const settled = (item) =>
    item.phase === "failed" ||
    item.phase === "interrupted" ||
    (item.phase === "done" && !item.scans.some(unread));

  /** Whether the server has to be asked how far it is. */
  const open = (item) => !settled(item) && !["asking", "packing", "sending"].includes(item.phase);

  /** The phase of an upload that the server told of. */
  function phaseOf(remote) {
    if (remote.state === "arriving") return remote.offset < remote.size ? "interrupted" : "waiting";
    return { queued: "waiting", opening: "opening", done: "done", failed: "failed" }[remote.state];
  }

  /** A number of bytes as a person reads it. */
  function size(bytes) {
    if (bytes < 1e6) return Math.max(1, Math.round(bytes / 1e3)) + " kB";
    return bytes < 1e9 ? (bytes / 1e6).toFixed(1) + " MB" : (bytes / 1e9).toFixed(2) + " GB";
  }

  /** What an upload does, in words. */
  function stateWords(item) {
    switch (item.phase) {
      case "asking":
        return "waits for your answer";
      case "packing":
        return "packing " + item.files + " files";
      case "sending":
        return "sending";
      case "waiting":
      case "opening":
        return item.starting ? "kept; Lightbox is starting and opens it in a moment" : "opening";
      case "interrupted":
        return "interrupted at " + Math.round(item.share * 100) + " %: drop the same files again to go on";
      case "failed":
        return "not accepted";
      default:
        return doneWords(item);
    }
  }

  function doneWords(item) {
    if (!item.scans.length) return item.refusals.length ? "refused" : "no scan found";
    return item.scans.some(unread) ? item.queue || "reading" : "done";
  }

  const count = (n, words) => (n ? [n + " " + words] : []);

  /** What became of an upload that holds several things. */
  function countWords(item) {
    const scans = item.scans || [];
    const fresh = scans.filter((scan) => !scan.known);
    return [
      ...count(fresh.filter((scan) => scan.status === "read").length, "read"),
      ...count(fresh.filter(unread).length, "being read"),
      ...count(scans.length - fresh.length, "here already"),
      ...count((item.refusals || []).length, "refused"),
      ...count(fresh.filter((scan) => scan.status === "failed").length, "failed"),
      ...count(fresh.filter((scan) => scan.status === "cancelled").length, "cancelled"),
    ].join(", ");
  }

  /** Many uploads in one line. */
  function summaryWords(items) {
    const together = { scans: items.flatMap((item) => item.scans || []), refusals: items.flatMap((item) => item.refusals || []) };
    const under = items.filter((item) => !settled(item)).length;
    const failed = items.filter((item) => item.phase === "failed" || item.phase === "interrupted").length;
    return [items.length + " uploads", ...count(under, "on their way"), countWords(together), ...count(failed, "not accepted or interrupted")]
      .filter(Boolean)
      .join(", ");
  }

  lightbox.uploadStates = { settled, open, cancellable, phaseOf, size, stateWords, countWords, summaryWords };
})(window.lightbox);
