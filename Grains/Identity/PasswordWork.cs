using System.Security.Cryptography;
using System.Text;
using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>
/// The expensive part of passwords, bounded: half of the processors work on bcrypt, a few wait in a <see cref="PasswordLine"/>, the rest is
/// told to come back.
/// A right password is remembered for a minute under a key of this process, and the same password is never checked twice at once, so that a
/// client which logs in for every layer, or a hundred nodes with one account, cost once.
/// </summary>
internal sealed class PasswordWork
{
    /// <summary>bcrypt looks at no more than this many bytes; longer passwords are refused rather than cut.</summary>
    private const int MaxPasswordBytes = 72;

    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(60);

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly PasswordLine _line = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly ConcurrentTLru<string, bool> _right = new(10_000, Remembered);
    private readonly PasswordChecks _checks = new();

    /// <summary>Whether the password belongs to the hash; <c>null</c> when too many others are waiting.</summary>
    public async ValueTask<bool?> Verify(string hash, Secret password, PasswordSource from, CancellationToken cancellation)
    {
        var bytes = Encoding.UTF8.GetBytes(password.Reveal());
        if (bytes.Length is 0 or > MaxPasswordBytes || bytes.Contains((byte)0))
        {
            return false;
        }

        var memory = Remember(hash, bytes);
        if (_right.TryGet(memory, out _))
        {
            return true;
        }

        return await _checks.Join(memory, left => Check(memory, hash, password, from, left), cancellation);
    }

    private async Task<bool?> Check(string memory, string hash, Secret password, PasswordSource from, CancellationToken left)
    {
        if (!await _line.Enter(from, left))
        {
            return null;
        }

        try
        {
            var right = await Task.Run(() => BCrypt.Net.BCrypt.Verify(password.Reveal(), hash));
            if (right)
            {
                _right.AddOrUpdate(memory, true);
            }

            return right;
        }
        finally
        {
            _line.Leave();
        }
    }

    private string Remember(string hash, byte[] password) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key, (byte[])[.. Encoding.UTF8.GetBytes(hash), 0, .. password]));
}
