using System.Text.Json;
using RegistryProxy.NodeAgent.Telemetry;

namespace RegistryProxy.NodeAgent.Control;

/// <summary>The root-only socket by which the other commands ask the running agent; probes and metrics are there too.</summary>
internal sealed class ControlEndpoints(CredentialResolver resolver)
{
    public const string CredentialPath = "/credential";

    private const int MaxBody = 16 * 1024;

    public async Task Credential(HttpContext context)
    {
        if (context.Request.ContentLength is null or > MaxBody)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return;
        }

        CredentialQuestion? question;
        try
        {
            question = await JsonSerializer.DeserializeAsync(
                context.Request.Body, ControlJson.Default.CredentialQuestion, context.RequestAborted);
        }
        catch (JsonException)
        {
            question = null;
        }

        if (question is null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Response.ContentType = "application/json";
        var reply = await resolver.Answer(question, context.RequestAborted);
        await JsonSerializer.SerializeAsync(context.Response.Body, reply, ControlJson.Default.CredentialReply, context.RequestAborted);
    }
}

internal static class ControlExtensions
{
    public static void RunControl(this IApplicationBuilder app)
    {
        var control = app.ApplicationServices.GetRequiredService<ControlEndpoints>();
        app.RunHealth(endpoints => endpoints.MapPost(ControlEndpoints.CredentialPath, (RequestDelegate)control.Credential));
    }
}
