using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>Users of one password file under one configuration. Immutable: a changed file or configuration makes a new one.</summary>
internal sealed class HtpasswdAuthenticator(HtpasswdConfiguration configuration, HtpasswdFile file, PasswordWork work) : IPasswordAuthenticator
{
    private static readonly Dictionary<string, string> NoClaims = [];

    public bool Knows(string user) => file.Hashes.ContainsKey(user);

    public async ValueTask<PasswordVerdict> Verify(string user, Secret password, CancellationToken cancellation)
    {
        if (!file.Hashes.TryGetValue(user, out var hash))
        {
            return PasswordVerdict.Unknown;
        }

        return await work.Verify(hash, password, cancellation) switch
        {
            true => PasswordVerdict.Right,
            false => PasswordVerdict.Wrong,
            null => PasswordVerdict.Busy,
        };
    }

    public VerifiedIdentity? Find(string user) => file.Hashes.TryGetValue(user, out var hash)
        ? new VerifiedIdentity(
            configuration.Name,
            user,
            [.. configuration.Groups.Where(group => group.Value.Contains(user)).Select(group => group.Key)],
            NoClaims,
            Stamp(hash))
        : null;

    private static string Stamp(string hash) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(hash)))[..16];
}
