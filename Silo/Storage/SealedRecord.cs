using Orleans.Storage;

namespace RegistryProxy.Silo.Storage;

/// <summary>What a storage gets to see of a state: bytes that only <see cref="StateCipher"/> can read.</summary>
internal sealed class SealedRecord
{
    public byte[] Bytes { get; init; } = [];
}

/// <summary>Hands the bytes of sealed records to a storage as they are, so that nothing else is ever written or read.</summary>
internal sealed class SealedRecordSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => input is SealedRecord record
        ? new BinaryData(record.Bytes)
        : throw new InvalidOperationException($"{typeof(T).Name} would be stored in clear");

    public T Deserialize<T>(BinaryData input) => (T)(object)new SealedRecord { Bytes = input.ToArray() };
}
