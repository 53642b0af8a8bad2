using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>Users of one password file under one configuration. Immutable: a changed file or configuration makes a new one.</summary>
internal sealed class HtpasswdAuthenticator(HtpasswdConfiguration configuration, HtpasswdFile file, PasswordWork work)
    : IPasswordAuthenticator
{
    private static readonly Dictionary<string, string> NoClaims = [];

    /// <summary>The file is at hand: every decision looks.</summary>
    public TimeSpan? RecheckEvery => TimeSpan.Zero;

    /// <summary>The highest bcrypt cost among the hashes; <c>null</c> when there are none.</summary>
    public string? HighestCost { get; } = file.Hashes.Values.Select(hash => hash[4..6]).Max();

    public async ValueTask<Verdict> Verify(string user, Secret password, PasswordSource from, CancellationToken cancellation)
    {
        if (!file.Hashes.TryGetValue(user, out var hash))
        {
            return Verdict.Unknown;
        }

        return await work.Verify(hash, password, from, cancellation) switch
        {
            true => Verdict.Proved(Identify(user, hash)),
            false => Verdict.WrongPassword,
            null => Verdict.Busy,
        };
    }

    public ValueTask<Verdict> Recheck(VerifiedIdentity known, CancellationToken cancellation) => new(Find(known.Subject));

    public ValueTask<Verdict> Find(string user, PasswordSource from, CancellationToken cancellation) => new(Find(user));

    private Verdict Find(string user) =>
        file.Hashes.TryGetValue(user, out var hash) ? Verdict.Proved(Identify(user, hash)) : Verdict.Unknown;

    private VerifiedIdentity Identify(string user, string hash) => new(
        configuration.Name,
        user,
        [.. configuration.Groups.Where(group => group.Value.Contains(user)).Select(group => group.Key)],
        NoClaims,
        Stamp(hash));

    private static string Stamp(string hash) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(hash)))[..16];
}
