using System.Text;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Administration;

/// <summary>The body of a request of an administrator.</summary>
internal static class AdministrationBody
{
    /// <summary>The longest, in bytes: more than all patterns of a robot take.</summary>
    public const int MaxBody = 64 * 1024;

    /// <summary>The longest of the part of a tenant, in bytes: as long as a file of a tenant may be.</summary>
    public const int MaxPart = 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static async ValueTask<(string? Body, DistributionError? Error)> Read(HttpContext context, string path)
    {
        var max = path == "configuration" ? MaxPart : MaxBody;
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = max;
        try
        {
            using var reader = new StreamReader(context.Request.Body, Strict);
            return (await reader.ReadToEndAsync(context.RequestAborted), null);
        }
        catch (BadHttpRequestException fault) when (fault.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            RequestRules.EndConnection(context);
            return (null, DistributionError.SizeInvalid(
                $"the body is larger than {max >> 10} KiB", StatusCodes.Status413PayloadTooLarge));
        }
        catch (Exception fault) when (fault is BadHttpRequestException or IOException or DecoderFallbackException)
        {
            RequestRules.EndConnection(context);
            return (null, DistributionError.Unsupported("the request could not be read, or is not UTF-8", 400));
        }
    }
}
