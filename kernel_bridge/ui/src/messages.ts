import { KernelMessage } from '@jupyterlab/services';

/** The answer to a request to execute. */
export function executeReply(
  { header }: KernelMessage.IMessage,
  content: KernelMessage.IExecuteReplyMsg['content']
): KernelMessage.IMessage {
  return KernelMessage.createMessage<KernelMessage.IExecuteReplyMsg>({
    msgType: 'execute_reply',
    channel: 'shell',
    session: header.session,
    parentHeader: header as KernelMessage.IExecuteRequestMsg['header'],
    content
  });
}

/** The answer to a question for comms. */
export function commInfoReply(
  { header }: KernelMessage.ICommInfoRequestMsg,
  content: KernelMessage.ICommInfoReplyMsg['content']
): KernelMessage.IMessage {
  return KernelMessage.createMessage<KernelMessage.ICommInfoReplyMsg>({
    msgType: 'comm_info_reply',
    channel: 'shell',
    session: header.session,
    parentHeader: header,
    content
  });
}

/** Says to a client that its kernel is dead. */
export function deadStatus(session: string): KernelMessage.IMessage {
  return KernelMessage.createMessage<KernelMessage.IStatusMsg>({
    msgType: 'status',
    channel: 'iopub',
    session,
    content: { execution_state: 'dead' }
  });
}
