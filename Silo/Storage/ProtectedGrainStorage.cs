using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// Encrypts every state before a store keeps it, and says when it may go. A record that cannot be opened is refused and stays as it is: it
/// may be another silo's good one. One under an old key, or with another end than it should have, is written anew as it is read.
/// </summary>
internal sealed partial class ProtectedGrainStorage(
    IRecordStore store, StateCipher cipher, string service, Serializer serializer, IActivatorProvider activators, StateMeter meter,
    ILogger<ProtectedGrainStorage> logger) : IGrainStorage
{
    /// <summary>How long a record is kept beyond its end: clocks differ.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);

    /// <summary>How many records an alarm is raised for by name; all of them are counted.</summary>
    private const int AlarmCapacity = 1000;

    private readonly ConcurrentDictionary<StateOwner, bool> _alarmed = new();

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var owner = Owner(stateName, grainId);
        var stored = await store.Read(owner);
        (grainState.ETag, grainState.RecordExists) = (null, false);
        if (stored is null)
        {
            grainState.State = activators.GetActivator<T>().Create();
            return;
        }

        var opened = cipher.Open(stored, owner);
        if (opened.IsDiscarded)
        {
            LogDiscarded(stateName, grainId, opened.Problem!);
            grainState.ETag = stored.ETag;
            grainState.State = activators.GetActivator<T>().Create();
            return;
        }

        if (opened.Plain is not { } plain)
        {
            throw Refused(owner, opened);
        }

        (grainState.State, grainState.ETag, grainState.RecordExists) = (Deserialized<T>(plain, owner, opened), stored.ETag, true);
        if (!opened.IsCurrent || !IsSame(stored.KeepUntil, KeepUntil(grainState.State)))
        {
            await WriteAnew(stateName, grainId, grainState);
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var owner = Owner(stateName, grainId);
        var content = cipher.Seal(serializer.SerializeToArray(grainState.State), owner);
        if (content.Length > store.MaxBytes)
        {
            throw new StateUnavailableException(
                $"the state '{stateName}' has {content.Length} bytes, above the limit of {store.MaxBytes}; it was not written");
        }

        grainState.ETag = await store.Write(owner, content, KeepUntil(grainState.State), grainState.ETag);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await store.Remove(Owner(stateName, grainId), grainState.ETag);
        (grainState.ETag, grainState.RecordExists, grainState.State) = (null, false, activators.GetActivator<T>().Create());
    }

    private static DateTimeOffset? KeepUntil<T>(T? state) => state is IExpiringState { KeepUntil: { } end } ? end + Margin : null;

    /// <summary>A silo of another version changes a record and leaves its end as it was.</summary>
    private static bool IsSame(DateTimeOffset? stored, DateTimeOffset? wanted) =>
        stored is { } one && wanted is { } other ? (one - other).Duration() < Margin / 2 : stored is null && wanted is null;

    private async Task WriteAnew<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await WriteStateAsync(stateName, grainId, grainState);
        }
        catch (Exception fault)
        {
            // The state is good all the same; whoever wrote in between, the next write or the sweep encrypts it anew.
            LogKeptOldKey(fault, stateName, grainId);
        }
    }

    /// <summary>
    /// What was sealed whole and is no state all the same is refused like what was changed: its writer did not write a state.
    /// </summary>
    private T Deserialized<T>(byte[] plain, StateOwner owner, OpenedRecord opened)
    {
        try
        {
            return serializer.Deserialize<T>(plain) ?? throw new InvalidDataException("it is null");
        }
        catch (Exception fault)
        {
            throw Refused(owner, opened with { Problem = $"it does not contain state of this grain: {fault.Message}" });
        }
    }

    private StateRefusedException Refused(StateOwner owner, OpenedRecord opened)
    {
        meter.Refused(opened.KeyId);
        if (_alarmed.Count < AlarmCapacity && _alarmed.TryAdd(owner, true))
        {
            LogRefused(owner.State, owner.Grain, opened.Problem!);
        }

        return new StateRefusedException($"the stored state '{owner.State}' is refused: {opened.Problem}");
    }

    private StateOwner Owner(string stateName, GrainId grainId) => new(service, grainId.ToString(), stateName);

    [LoggerMessage(Level = LogLevel.Critical,
        Message = "ALARM: the stored state '{State}' of {Grain} is refused and will not be overwritten: {Problem}")]
    private partial void LogRefused(string state, string grain, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The stored state '{State}' of {Grain} is discarded: {Problem}")]
    private partial void LogDiscarded(string state, GrainId grain, string problem);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The state '{State}' of {Grain} could not be re-encrypted under the new key yet; retrying")]
    private partial void LogKeptOldKey(Exception fault, string state, GrainId grain);
}

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

/// <summary>The keys of the state at rest: the first encrypts, all decrypt; what lies under a discarded one is given up.</summary>
internal sealed class StateKeys(IReadOnlyList<(string Id, byte[] Key)> keys, IReadOnlyList<string>? discarded = null)
{
    public string Current => keys[0].Id;

    public IEnumerable<string> Ids => keys.Select(key => key.Id);

    public byte[]? Find(string id) => keys.FirstOrDefault(key => key.Id == id).Key;

    public bool IsDiscarded(string id) => discarded?.Contains(id) == true;

    /// <summary>Reads the keys that a silo was configured with.</summary>
    /// <exception cref="ConfigurationUnusableException">One of them is missing or not a key.</exception>
    public static StateKeys Read(StateConfiguration state)
    {
        try
        {
            return new StateKeys([.. state.EncryptionKeys.Select(key => (key.Id, key.Read()))], state.DiscardKeys);
        }
        catch (SecretUnavailableException fault)
        {
            throw new ConfigurationUnusableException("state.encryptionKeys", fault.Message);
        }
    }
}
