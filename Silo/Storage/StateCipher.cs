using System.Buffers.Binary;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// AES-256-GCM over a state. The record names its key; service, grain and state name are authenticated with it, so that a record counts for
/// its own grain alone. Layout: <c>RPS1</c>, length of the key id, key id, nonce (12), tag (16), ciphertext.
/// </summary>
internal sealed class StateCipher(StateKeys keys)
{
    /// <summary>The longest id of a key, in characters.</summary>
    private const int MaxKeyId = 64;

    private static ReadOnlySpan<byte> Magic => "RPS1"u8;

    /// <summary>Encrypts under the first key.</summary>
    public byte[] Seal(byte[] plain, StateOwner owner)
    {
        var id = Encoding.ASCII.GetBytes(keys.Current);
        byte[] record = [.. Magic, (byte)id.Length, .. id, .. new byte[AuthenticatedCipher.Overhead + plain.Length]];
        var body = record.AsSpan(Magic.Length + 1 + id.Length);
        AuthenticatedCipher.TagFirst.Seal(keys.Find(keys.Current)!, plain, Authenticated(keys.Current, owner), body);
        return record;
    }

    /// <summary>Decrypts a stored record of this owner.</summary>
    public OpenedRecord Open(StoredRecord record, StateOwner owner) =>
        record.Damage is { } damage ? new OpenedRecord(null, null, damage) : Open(record.Content, owner);

    /// <summary>Decrypts what any of the keys encrypted for this owner.</summary>
    public OpenedRecord Open(ReadOnlySpan<byte> record, StateOwner owner)
    {
        if (KeyIdOf(record) is not { } id)
        {
            return new OpenedRecord(null, null, "it is not a record of ours");
        }

        if (keys.Find(id) is not { } key)
        {
            return keys.IsDiscarded(id)
                ? new OpenedRecord(null, id, "its key is one of state.discardKeys") { IsDiscarded = true }
                : new OpenedRecord(null, id, $"it is encrypted under the key '{id}', which is not in state.encryptionKeys");
        }

        var body = record[(Magic.Length + 1 + id.Length)..];
        return AuthenticatedCipher.TagFirst.Open(key, body, Authenticated(id, owner)) is { } plain
            ? new OpenedRecord(plain, id, null) { IsCurrent = id == keys.Current }
            : new OpenedRecord(null, id, $"it was changed, belongs to another grain, or the key '{id}' is another one than it was");
    }

    /// <summary>The key that a record names; <c>null</c> when it is no record, or names what no key can be called.</summary>
    private static string? KeyIdOf(ReadOnlySpan<byte> record) =>
        record.StartsWith(Magic) && record.Length > Magic.Length
            && record.Length >= Magic.Length + 1 + record[Magic.Length] + AuthenticatedCipher.Overhead
            && Encoding.Latin1.GetString(record.Slice(Magic.Length + 1, record[Magic.Length])) is var id && id.Length is > 0 and <= MaxKeyId
            && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-')
            ? id
            : null;

    /// <summary>Each part with its length before it: no two owners give the same bytes.</summary>
    private static byte[] Authenticated(string keyId, StateOwner owner)
    {
        using var all = new MemoryStream();
        foreach (var part in new[] { keyId, owner.Service, owner.Grain, owner.State })
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            var length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            all.Write(length);
            all.Write(bytes);
        }

        return all.ToArray();
    }
}

/// <summary>Whose state a record is.</summary>
internal readonly record struct StateOwner(string Service, string Grain, string State);

/// <summary>A record that was opened, or why it was not.</summary>
/// <param name="Plain"><c>null</c> when it was not.</param>
/// <param name="KeyId">The key that it names; <c>null</c> when it is no record of ours.</param>
/// <param name="Problem">Why it was not opened; <c>null</c> when it was.</param>
internal sealed record OpenedRecord(byte[]? Plain, string? KeyId, string? Problem)
{
    /// <summary>Whether the first key encrypted it.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>Whether the operator has given it up.</summary>
    public bool IsDiscarded { get; init; }
}
