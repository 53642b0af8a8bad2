using System.Diagnostics;
using OpenTelemetry;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>
/// Calls of grains are named <c>grain SessionGrain/Decide</c>; what is done within a request has its tenant, and its upstream where it has
/// none of its own. To other processes both go with the calls of grains.
/// </summary>
internal sealed class SpanNames : BaseProcessor<Activity>
{
    private const string Orleans = "Microsoft.Orleans.";

    public override void OnStart(Activity data)
    {
        if (data.Source.Name.StartsWith(Orleans, StringComparison.Ordinal) && NameOf(data.DisplayName) is { } name)
        {
            data.DisplayName = name;
        }

        Inherit(data, SpanTags.Tenant);
        Inherit(data, SpanTags.Upstream);
    }

    /// <summary>From the interface and the method of a call; <c>null</c> for what is no call.</summary>
    internal static string? NameOf(string called)
    {
        if (called.IndexOf('/') is not (> 0 and var slash))
        {
            return null;
        }

        var type = called.AsSpan(0, slash);
        type = type[(type.LastIndexOf('.') + 1)..];
        return $"grain {(type is ['I', >= 'A' and <= 'Z', ..] ? type[1..] : type)}{called.AsSpan(slash)}";
    }

    private static void Inherit(Activity span, string tag)
    {
        if (span.GetTagItem(tag) is null && (span.Parent?.GetTagItem(tag) ?? RequestContext.Get(tag)) is { } value)
        {
            span.SetTag(tag, value);
        }
    }
}
