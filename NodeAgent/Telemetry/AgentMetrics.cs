using System.Diagnostics.Metrics;

namespace RegistryProxy.NodeAgent.Telemetry;

/// <summary>What an operator may watch. No image names: they would be labels without end.</summary>
internal sealed class AgentMetrics : IDisposable
{
    public const string MeterName = "RegistryProxy.NodeAgent";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _pulls;
    private readonly Counter<long> _exchanges;
    private readonly TimeProvider _time;

    public AgentMetrics(TimeProvider time)
    {
        _time = time;
        _pulls = _meter.CreateHistogram<double>("registryproxy_nodeagent_pull", "s", "Pulls that kubelet asked for");
        _exchanges = _meter.CreateCounter<long>("registryproxy_nodeagent_exchanges", null, "Proofs of identity shown to a front door");
    }

    /// <summary>Measures one pull, until what is returned is disposed of.</summary>
    public PullMeasurement BeginPull() => new(this, _time.GetTimestamp());

    public void Exchanged(string door, bool good) =>
        _exchanges.Add(1, new("door", door), new KeyValuePair<string, object?>("result", good ? "ok" : "failed"));

    public void Dispose() => _meter.Dispose();

    /// <summary>A pull that is under way; failed until somebody says otherwise.</summary>
    internal sealed class PullMeasurement(AgentMetrics metrics, long begin) : IDisposable
    {
        public bool Succeeded { get; set; }

        public void Dispose() => metrics._pulls.Record(
            metrics._time.GetElapsedTime(begin).TotalSeconds, new KeyValuePair<string, object?>("result", Succeeded ? "ok" : "failed"));
    }
}
