using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>What is known of one credential of an upstream.</summary>
internal sealed class CredentialState(UpstreamTokenClient client, TokenExchange exchange, TimeProvider time)
{
    /// <summary>An upstream that is away is tried again this often, so that it is noticed at once when it is back.</summary>
    private static readonly TimeSpan UnreachableCap = TimeSpan.FromSeconds(1);

    public FirstUseGate Trial { get; } = new(time);

    public FailureBackoff Backoff { get; } = new(UnreachableCap);

    public ScopeFailures Scopes { get; } = new();

    /// <summary>What a registry that asks for the password says of it.</summary>
    public BasicCredentialCheck Basic { get; } = new(client, time);

    /// <summary>What the token endpoint says of it without a scope.</summary>
    public EndpointCheck Endpoint { get; } = new(exchange, time);

    public SingleFlight<UpstreamFailure?> Doubts { get; } = new();

    /// <summary>Whether an upstream that was given up is tried by a scope next.</summary>
    public bool IsTurnOfScope { get; set; }

    /// <summary>
    /// Whether a failure of the endpoint leaves scopes other than its own alone; where that is not sure it is doubtful, to be found out.
    /// </summary>
    public bool IsOfScope(string? scope, UpstreamFailure failure, DateTimeOffset now, out bool isDoubtful)
    {
        var isProven = Trial.IsProven;
        isDoubtful = false;
        if (string.IsNullOrEmpty(scope) || failure.IsOfEdit
            || (!isProven && (failure.Kind == UpstreamFailureKind.Refused || Backoff.IsTrial)))
        {
            return false;
        }

        isDoubtful = !isProven || Scopes.Note(scope, now);
        return true;
    }

    /// <summary>
    /// Whether a refusal of one scope leaves it open whether the credential is good for another: of one that nothing was had with yet it
    /// does, and a call without a scope tells. Any other word of the endpoint proves it.
    /// </summary>
    public bool IsDoubtedBy(UpstreamFailure ofScope, bool isConfigured)
    {
        var isDoubted = isConfigured && !Trial.IsProven && ofScope.Kind == UpstreamFailureKind.Refused;
        if (!isDoubted)
        {
            Proved();
        }

        return isDoubted;
    }

    /// <summary>Something was had with it.</summary>
    public void Proved()
    {
        Backoff.Clear();
        IsTurnOfScope = false;
        Trial.End(proved: true);
    }

    /// <summary>It is of no use for now. What says nothing of it leaves it as it was, and to the next one to try.</summary>
    public UpstreamFailure GiveUp(UpstreamFailure failure)
    {
        if (failure.IsOfEdit)
        {
            Backoff.Leave(time.GetUtcNow());
            Trial.Release();
            return failure;
        }

        var noted = Backoff.Note(failure, time.GetUtcNow());
        Trial.End(proved: false);
        return noted;
    }
}
