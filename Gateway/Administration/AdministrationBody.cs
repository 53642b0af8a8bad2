using System.Text;
using RegistryProxy.Gateway.Requests;
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

    public static async ValueTask<(string? Body, DistributionError? Error)> Read(HttpContext context, string path)
    {
        var max = path == "configuration" ? MaxPart : MaxBody;
        try
        {
            return (await WholeBodies.Read(context, max, BodyText.Utf8), null);
        }
        catch (UnreadableBodyException fault)
        {
            return (null, BodyFaults.Tell(context, fault));
        }
        catch (DecoderFallbackException)
        {
            return (null, DistributionError.Unsupported("the body of the request is not UTF-8", 400));
        }
    }
}
