using System.Runtime.CompilerServices;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>
/// Deletions, whose scope is another one at each registry: the specification's first, then what the registry asks for, then what others
/// take. What worked is remembered for the upstream.
/// </summary>
internal sealed class Deletions(RepeatableWrites writes)
{
    /// <summary>Scopes tried for one deletion.</summary>
    private const int MaxTries = 4;

    /// <summary>The longest list of actions that a registry may ask for, in characters.</summary>
    private const int MaxActions = 64;

    private static readonly string[] Usual = ["delete", "pull,push", "*"];

    private readonly ConditionalWeakTable<Upstream, string> _worked = [];

    public async Task<UpstreamResult> Delete(RegistryRequest registryRequest, UpstreamRequest request)
    {
        var next = _worked.TryGetValue(registryRequest.Upstream, out var known) ? known
            : UpstreamScope.DeleteActionsOf(registryRequest.Upstream);
        List<string> tried = [];
        UpstreamResult? first = null;
        while (true)
        {
            tried.Add(next);
            var result = await writes.Delete(
                registryRequest, request with { Scope = UpstreamScope.Of(registryRequest.UpstreamName, next) });
            if (!MayBeOfScope(result))
            {
                if (result.Answer is not null && next != known)
                {
                    _worked.AddOrUpdate(registryRequest.Upstream, next);
                }

                return result;
            }

            first ??= result;
            var asked = ActionsOf(registryRequest.UpstreamName, result.Refused?.Scope);
            if (tried.Count == MaxTries
                || Usual.Prepend(asked).FirstOrDefault(actions => actions is not null && !tried.Contains(actions)) is not { } other)
            {
                return first.Value;
            }

            next = other;
        }
    }

    /// <summary>Whether a token with another scope may do it: the registry asks for one, or its token service gives none of this.</summary>
    private static bool MayBeOfScope(in UpstreamResult result) => result switch
    {
        { Answer: not null } => false,
        { Refused: { } refused } => refused is { Status: 401 or 403, IsOfAnother: false, Scope: not null },
        _ => result.Error is { } error && (error.IsRefusedUpstream || error.Code == "DENIED"),
    };

    /// <summary>The actions that a registry asks for in this repository.</summary>
    private static string? ActionsOf(RepositoryName name, string? scope)
    {
        var before = UpstreamScope.Of(name, "");
        return scope is not null && scope.StartsWith(before, StringComparison.Ordinal)
            && scope[before.Length..] is { Length: > 0 and <= MaxActions } actions
            && actions.All(character => char.IsAsciiLetterLower(character) || character is ',' or '*')
                ? actions
                : null;
    }
}
