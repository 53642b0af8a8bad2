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

    public static async ValueTask<(string? Body, DistributionError? Error)> Read(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxBody;
        try
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            return (await reader.ReadToEndAsync(context.RequestAborted), null);
        }
        catch (BadHttpRequestException fault) when (fault.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            RequestRules.EndConnection(context);
            return (null, DistributionError.SizeInvalid(
                $"the body is larger than {MaxBody >> 10} KiB", StatusCodes.Status413PayloadTooLarge));
        }
        catch (Exception fault) when (fault is BadHttpRequestException or IOException)
        {
            RequestRules.EndConnection(context);
            return (null, DistributionError.Unsupported("the request could not be read", 400));
        }
    }
}
