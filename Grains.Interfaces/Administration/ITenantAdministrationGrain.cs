using Orleans.CodeGeneration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// The only way by which the administration of a tenant reaches the cluster; the key is the tenant's name. Every call carries the token of
/// an administrator, which the grain verifies itself: its signature, its tenant, its scope and its age, that its session is open, and that
/// it is still an administrator's. A gateway without such a token gets nothing.
/// </summary>
[Version(0), Alias("rp.ITenantAdministrationGrain")]
public interface ITenantAdministrationGrain : IGrainWithStringKey
{
    /// <summary>Answers one request. What was begun is done, whoever waits for it.</summary>
    [Alias("Handle"), ResponseTimeout("00:00:20")]
    ValueTask<AdministrationReply> Handle(AdministrationRequest request, CancellationToken cancellation = default);
}

/// <summary>A request of an administrator.</summary>
[GenerateSerializer, Immutable, Alias("rp.administration-request")]
public sealed record AdministrationRequest
{
    /// <summary>The access token, as it came.</summary>
    [Id(0)]
    public required Secret Token { get; init; }

    /// <summary>The HTTP method.</summary>
    [Id(1)]
    public required string Method { get; init; }

    /// <summary>The raw path below <c>/admin/</c>.</summary>
    [Id(2)]
    public required string Path { get; init; }

    /// <summary>The raw query, without its question mark.</summary>
    [Id(3)]
    public string Query { get; init; } = "";

    /// <summary>The body; <c>null</c> for none.</summary>
    [Id(4)]
    public Secret? Body { get; init; }

    /// <summary>The field <c>If-Match</c> (RFC 9110 §13.1.1); <c>null</c> for none.</summary>
    [Id(5)]
    public string? IfMatch { get; init; }
}

/// <summary>The answer to an <see cref="AdministrationRequest"/>.</summary>
[GenerateSerializer, Immutable, Alias("rp.administration-reply")]
public sealed record AdministrationReply
{
    /// <summary>The HTTP status.</summary>
    [Id(0)]
    public required int Status { get; init; }

    /// <summary>Of a good answer, and of one whose errors have a form of their own. It may hold a secret that is shown once.</summary>
    [Id(1)]
    public Secret? Body { get; init; }

    /// <summary>What is wrong and what mends it, of any other answer.</summary>
    [Id(2)]
    public string Message { get; init; } = "";

    /// <summary>How many there are of what is listed; <c>null</c> where nothing is.</summary>
    [Id(3)]
    public int? Total { get; init; }

    /// <summary>What was changed, for the audit log; <c>null</c> for nothing.</summary>
    [Id(4)]
    public AdministrationEvent? Change { get; init; }

    /// <summary>The methods that an address takes; set with 405.</summary>
    [Id(5)]
    public string? Allow { get; init; }

    /// <summary>The entity tag (RFC 9110 §8.8.3) of what was asked about; <c>null</c> for none.</summary>
    [Id(6)]
    public string? ETag { get; init; }

    /// <summary>The media type of the body; <c>null</c> for JSON.</summary>
    [Id(7)]
    public string? ContentType { get; init; }
}

/// <summary>Something that an administrator changed. No secret.</summary>
/// <param name="Event">What the audit log calls it.</param>
/// <param name="Subject">Whom it is about; <c>null</c> for nobody.</param>
/// <param name="Authenticator">Who proves that one; <c>null</c> when that is not said.</param>
/// <param name="Reference">The session or secret that it is about; <c>null</c> for none.</param>
/// <param name="Action">What a robot may.</param>
/// <param name="Repository">Where.</param>
/// <param name="Reason">What became of it, for people.</param>
/// <param name="Count">How many.</param>
[GenerateSerializer, Immutable, Alias("rp.administration-event")]
public sealed record AdministrationEvent(
    [property: Id(0)] string Event, [property: Id(1)] string? Subject, [property: Id(2)] string? Authenticator = null,
    [property: Id(3)] string? Reference = null, [property: Id(4)] string? Action = null, [property: Id(5)] string? Repository = null,
    [property: Id(6)] string? Reason = null, [property: Id(7)] int? Count = null);
