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

    /// <summary>What a registry that asks for the password says of it.</summary>
    public BasicCredentialCheck Basic { get; } = new(client, time);

    /// <summary>What the token endpoint says of it without a scope.</summary>
    public EndpointCheck Endpoint { get; } = new(exchange, time);

    public SingleFlight<UpstreamFailure?> Doubts { get; } = new();

    /// <summary>Whether an upstream that was given up is tried by a scope next.</summary>
    public bool IsTurnOfScope { get; set; }

    /// <summary>Whether a failure of the endpoint may leave scopes other than its own alone, which is to be found out.</summary>
    public bool MayBeOfScope(string? scope, UpstreamFailure failure) => !string.IsNullOrEmpty(scope) && !failure.IsOfEdit
        && (Trial.IsProven || (failure.Kind != UpstreamFailureKind.Refused && !Backoff.IsTrial));

    /// <summary>
    /// Whether a refusal of one scope leaves it open whether the credential is good for another: of one that nothing was had with yet it
    /// does, and a call without a scope tells. Without a credential it is the endpoint's word, which proves it.
    /// </summary>
    public bool IsDoubtedByRefusal(bool isConfigured)
    {
        var isDoubted = isConfigured && !Trial.IsProven;
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
