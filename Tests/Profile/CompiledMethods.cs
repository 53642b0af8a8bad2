using System.Diagnostics.Tracing;

namespace RegistryProxy.Tests.Profile;

/// <summary>The methods that the runtime has compiled in this process since it listens, because no image had them.</summary>
internal sealed class CompiledMethods : EventListener
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";

    /// <summary>JitKeyword of the runtime's events.</summary>
    private const EventKeywords Compilation = (EventKeywords)0x10;

    /// <summary>Of MethodFlags: made while the process runs.</summary>
    private const uint Dynamic = 1;

    private readonly HashSet<nint> _handles = [];

    /// <summary>Values of <see cref="RuntimeMethodHandle"/>.</summary>
    public nint[] Handles()
    {
        lock (_handles)
        {
            return [.. _handles];
        }
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Runtime)
        {
            EnableEvents(eventSource, EventLevel.Verbose, Compilation);
        }
    }

    /// <summary>MethodLoadVerbose: MethodID is the first field, MethodFlags the sixth.</summary>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) == true
            && eventData.Payload is [ulong handle, _, _, _, _, uint flags, ..] && (flags & Dynamic) == 0)
        {
            lock (_handles)
            {
                _handles.Add((nint)handle);
            }
        }
    }
}
