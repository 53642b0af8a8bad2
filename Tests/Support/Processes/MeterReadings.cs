using System.Diagnostics.Metrics;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>What one instrument measures, each with its labels.</summary>
public sealed class MeterReadings : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<(double Value, IReadOnlyDictionary<string, object?> Labels)> _seen = [];

    /// <param name="of">The meters that the instrument is one of; <c>null</c> for those of the process.</param>
    /// <param name="name">Of the instrument.</param>
    public MeterReadings(IMeterFactory? of, string name)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && (of is null || ReferenceEquals(instrument.Meter.Scope, of)))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, value, labels, _) => Add(value, labels));
        _listener.SetMeasurementEventCallback<long>((_, value, labels, _) => Add(value, labels));
        _listener.SetMeasurementEventCallback<int>((_, value, labels, _) => Add(value, labels));
        _listener.Start();
    }

    /// <summary>All that was counted since the start.</summary>
    public IReadOnlyList<(double Value, IReadOnlyDictionary<string, object?> Labels)> Counted
    {
        get
        {
            lock (_gate)
            {
                return [.. _seen];
            }
        }
    }

    /// <summary>What a gauge shows now.</summary>
    public IReadOnlyList<(double Value, IReadOnlyDictionary<string, object?> Labels)> Shown()
    {
        lock (_gate)
        {
            _seen.Clear();
        }

        _listener.RecordObservableInstruments();
        return Counted;
    }

    public void Dispose() => _listener.Dispose();

    private void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        lock (_gate)
        {
            _seen.Add((value, labels.ToArray().ToDictionary()));
        }
    }
}
