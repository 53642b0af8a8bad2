using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Sealing;

/// <summary>An upload as the upstream knows it.</summary>
/// <param name="Location">Path and query of the upload at the upstream, byte for byte.</param>
/// <param name="Offset">How many bytes the upstream has.</param>
internal sealed record UploadState(OriginForm Location, long Offset);

/// <summary>An upload as it is sealed.</summary>
/// <param name="Location">See <see cref="UploadState"/>.</param>
/// <param name="Offset">See <see cref="UploadState"/>.</param>
/// <param name="Place">Of which server it is, by <see cref="UploadBinding.Place"/>; <c>null</c> from a version that does not say.</param>
internal sealed record SealedUpload(
    [property: JsonPropertyName("l")] string Location, [property: JsonPropertyName("o")] long Offset,
    [property: JsonPropertyName("p")] string? Place = null);

[JsonSerializable(typeof(SealedUpload))]
internal sealed partial class SealedUploadJson : JsonSerializerContext
{
    /// <summary>Ids are short where no character of a location is escaped.</summary>
    public static SealedUploadJson Short { get; } =
        new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
