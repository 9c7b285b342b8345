// What GraphQL Mesh makes a supergraph of: the services' messages, with the links between them that the bench asks for.
import { defineConfig } from '@graphql-mesh/compose-cli'
import { loadGrpcSubgraph } from '@omnigraph/grpc'

export const composeConfig = defineConfig({
  subgraphs: [
    {
      sourceHandler: loadGrpcSubgraph('services', {
        endpoint: '127.0.0.1:1', // where they really are, gateway.config.mjs says
        source: { file: 'services.proto', load: { includeDirs: [process.env.PROTOS, import.meta.dirname] } },
        prefixQueryMethod: ['list', 'search', 'batchget']
      })
    }
  ],
  additionalTypeDefs: `
    extend type imi__requests__v1__Request {
      requester: imi__directory__v1__Authority
      responder: imi__directory__v1__Authority
    }
    extend type imi__directory__v1__Authority { country: imi__directory__v1__Country }
    extend type imi__directory__v1__Count { country: imi__directory__v1__Country area: imi__directory__v1__Area }
    extend type imi__directory__v1__AuthorityMatch { concepts: [imi__directory__v1__Concept!]! }
  `
})
