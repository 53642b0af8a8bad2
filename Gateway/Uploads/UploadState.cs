using System.Text.Json.Serialization;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>An upload as the upstream knows it.</summary>
/// <param name="Location">Path and query of the upload at the upstream, byte for byte.</param>
/// <param name="Offset">How many bytes the upstream has.</param>
internal sealed record UploadState([property: JsonPropertyName("l")] string Location, [property: JsonPropertyName("o")] long Offset);

[JsonSerializable(typeof(UploadState))]
internal sealed partial class UploadStateJson : JsonSerializerContext;
