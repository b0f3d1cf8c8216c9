package import Hummingbird
package import NIOCore

/// What comes with a request beside the request.
package struct APIContext: InitializableFromSource {
    package var channel: any Channel

    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }
}
