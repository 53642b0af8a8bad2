using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity;

/// <summary>An authenticator that can be tried without anybody's credential.</summary>
internal interface ITriable
{
    /// <summary>Does what it does first for anybody.</summary>
    ValueTask<Trial> Try(CancellationToken cancellation);
}

/// <summary>What came of a trial.</summary>
/// <param name="Step">The step that failed; <c>null</c> when all is well.</param>
/// <param name="Text">For operators; no secret.</param>
internal readonly record struct Trial(string? Step, string Text)
{
    public static Trial Good(string text) => new(null, text);

    /// <summary>An exchange that failed.</summary>
    /// <param name="fault">How.</param>
    /// <param name="step">The step when it is none of the network's.</param>
    public static Trial Of(Exception fault, string step) => ExchangeFault.Find(fault) is not { } known ? new(step, fault.Message)
        : new(known.Kind switch { "name" => "DNS", "connect" => "TCP", "tls" => "TLS", "proxy" => "proxy", _ => step }, known.Reason);
}
