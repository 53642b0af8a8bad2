using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Silo.Storage;

namespace RegistryProxy.Tests.Clustering;

/// <summary>What a record of the state at rest gives away, and for whom it counts.</summary>
public sealed class StateCipherTests
{
    private static readonly StateOwner Owner = new("registryproxy", "session/acme/staff/alice", "session");

    private readonly byte[] _one = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _other = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _plain = Encoding.UTF8.GetBytes("canary of a state");

    [Fact]
    public void It_opens_for_its_owner_and_shows_nothing_else()
    {
        var cipher = Cipher(("k1", _one));
        var record = cipher.Seal(_plain, Owner);
        Assert.Equal(_plain, cipher.Open(record, Owner).Plain);
        Assert.DoesNotContain("canary", Encoding.Latin1.GetString(record));
        Assert.NotEqual(record, cipher.Seal(_plain, Owner));
    }

    [Fact]
    public void It_is_refused_for_every_other_owner()
    {
        var cipher = Cipher(("k1", _one));
        var record = cipher.Seal(_plain, Owner);
        Assert.All(
            [Owner with { Grain = "session/acme/staff/bob" }, Owner with { State = "keys" }, Owner with { Service = "another" }],
            other => Assert.Null(cipher.Open(record, other).Plain));
        Assert.Null(cipher.Open(cipher.Seal(_plain, new StateOwner("a", "bc", "d")), new StateOwner("ab", "c", "d")).Plain);
    }

    [Fact]
    public void A_change_of_any_bit_or_length_is_refused()
    {
        var cipher = Cipher(("k1", _one), ("k2", _one));
        var record = cipher.Seal(_plain, Owner);
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            var changed = record.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(cipher.Open(changed, Owner).Plain);
        }

        Assert.All(Enumerable.Range(0, record.Length), length => Assert.Null(cipher.Open(record.AsSpan(0, length), Owner).Plain));
        Assert.Null(cipher.Open([.. record, 0], Owner).Plain);
    }

    [Fact]
    public void The_first_key_encrypts_and_all_decrypt()
    {
        var old = Cipher(("k1", _one)).Seal(_plain, Owner);
        var turned = Cipher(("k2", _other), ("k1", _one));
        Assert.Equal(_plain, turned.Open(old, Owner).Plain);
        Assert.False(turned.Open(old, Owner).IsCurrent);
        var renewed = turned.Seal(_plain, Owner);
        Assert.True(turned.Open(renewed, Owner).IsCurrent);
        Assert.Equal(_plain, Cipher(("k2", _other)).Open(renewed, Owner).Plain);
        Assert.Contains("not in state.encryptionKeys", Cipher(("k2", _other)).Open(old, Owner).Problem);
        Assert.Contains("'k1' is another one", Cipher(("k1", _other)).Open(old, Owner).Problem);
    }

    [Fact]
    public void A_record_of_the_first_version_is_read()
    {
        var record = Convert.FromBase64String("UlBTMQJrMQABAgMEBQYHCAkKC10hIEsofNEtLiCfjDGQplYkY7h6t5zidOth9qvCnRkZ5g==");
        Assert.Equal(_plain, Cipher(("k1", [.. Enumerable.Range(0, 32).Select(number => (byte)number)])).Open(record, Owner).Plain);
    }

    private static StateCipher Cipher(params (string, byte[])[] keys) => new(new StateKeys(keys));
}
