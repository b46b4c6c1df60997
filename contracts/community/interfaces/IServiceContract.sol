// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OrderId} from "../libraries/OrderWords.sol";

/// @notice How a repair ended.
enum RepairOutcome {
    Repaired,
    SelfCleared,
    Refuted
}

/// @notice All that the money depends on: what follows from an order's stored timestamps and the crew's terms.
struct RepairFacts {
    RepairOutcome outcome;
    /// @notice Opened inside the warranty of the order before it: no fee.
    bool redo;
    /// @notice The backup contractor did it: the fee is the backup's.
    bool backup;
    /// @notice Somebody was on site.
    bool onSite;
    uint32 openedAt;
    uint32 endedAt;
    /// @notice Seconds beyond the crew's terms.
    uint32 lateResponse;
    uint32 lateArrival;
    uint32 lateRestore;
}

/// @notice What owner and contractor agreed on; amounts in the token's smallest unit.
/// @dev What every settlement reads stands in the second slot.
struct ServiceTerms {
    /// @notice Zero: ETH.
    address token;
    /// @notice For each begun minute of downtime beyond the promised availability.
    uint64 downtimeRate;
    /// @notice For a proven repair.
    uint96 fee;
    /// @notice For a call-out when the fault cleared itself.
    uint96 callOutFee;
    /// @notice Promised availability, 1/10,000.
    uint16 availabilityBp;
    /// @notice From notice to the end, and from the end to the release of escrow and bond, seconds.
    uint32 notice;
    /// @notice Each RETAINER_PERIOD.
    uint96 retainer;
    /// @notice For each begun minute of late response.
    uint64 responseRate;
    /// @notice For a redo inside the warranty, and for a refuted repair.
    uint96 redoPenalty;
    /// @notice For each begun minute of late arrival.
    uint64 arrivalRate;
    /// @notice Most that one order can cost the contractor.
    uint96 penaltyCap;
    /// @notice For each begun minute of late restoration.
    uint64 restoreRate;
}

/// @notice Who the agreement binds and what it holds.
struct Agreement {
    address owner;
    /// @notice When the owner accepted; 0: an offer.
    uint40 startedAt;
    /// @notice Retainer is paid up to here.
    uint40 retainedUntil;
    address contractor;
    address backup;
    uint104 escrow;
    uint104 contractorDue;
    /// @notice When it ends; 0: no notice given.
    uint40 endsAt;
    uint104 bond;
    uint104 backupDue;
    /// @notice Fees earned while the escrow was empty; paid first from the next deposit.
    uint128 contractorArrears;
    uint128 backupArrears;
    ServiceTerms terms;
}

/// @notice Running sums of a device under an agreement, one slot.
struct DeviceRecord {
    uint32 coveredSince;
    /// @notice End of the last downtime counted.
    uint32 lastUp;
    uint40 downSeconds;
    /// @notice Sum of opening-to-restoration of all repairs.
    uint40 repairSeconds;
    /// @notice Downtime beyond the promise that was already penalised.
    uint40 chargedSeconds;
    uint24 repairs;
    uint24 falseAlarms;
    uint24 redos;
}

/// @title IServiceContract
/// @notice The money between owners, contractor and backup; moved by WorkOrders' timestamps only.
/// @dev Agreements are keyed by the WorkOrders contract that reports the facts and its crew.
interface IServiceContract {
    event ServiceOffered(
        address indexed orders,
        uint16 indexed crew,
        address indexed owner,
        address contractor,
        address backup,
        ServiceTerms terms
    );
    event ServiceStarted(address indexed orders, uint16 indexed crew);
    event DeviceCovered(address indexed orders, uint16 indexed crew, uint32 indexed device);
    event EscrowFunded(address indexed orders, uint16 indexed crew, uint256 amount);
    event BondPosted(address indexed orders, uint16 indexed crew, uint256 amount);
    event RepairSettled(
        address indexed orders,
        OrderId indexed order,
        RepairOutcome outcome,
        uint256 fee,
        uint256 penalty
    );
    event RetainerPaid(address indexed orders, uint16 indexed crew, uint256 amount, uint40 until);
    event NoticeGiven(address indexed orders, uint16 indexed crew, uint40 endsAt);
    event ServicePaid(address indexed orders, uint16 indexed crew, address indexed to, uint256 amount);

    /// @notice Only the crew's principal offers, and only while no agreement runs.
    /// @dev Call from the principal's account; one agreement a crew.
    error ServiceOfferRefused(address orders, uint16 crew);
    /// @notice Terms that cannot work: no owner, availability above 100 %, or no notice.
    /// @dev Name an owner other than the contractor, availability up to 10,000, notice of at least a day.
    error ServiceTermsInvalid();
    /// @notice The caller is not the owner of the agreement, or the terms are not those offered.
    /// @dev Call from the owner's account with the hash of exactly the terms offered.
    error ServiceNotAgreed(address orders, uint16 crew, address caller);
    /// @notice No agreement is running here.
    /// @dev Have it offered and accepted first.
    error ServiceNotRunning(address orders, uint16 crew);
    /// @notice The device belongs to somebody else, or is covered already.
    /// @dev Cover devices that the agreement's owner owns, once each.
    error ServiceDeviceRefused(uint32 device);
    /// @notice ETH was sent to an agreement in a token, none to one in ETH, or nothing arrived.
    /// @dev Send ETH exactly when the agreement's token is zero, otherwise approve the token and send no ETH.
    error ServicePaymentWrong(uint256 sent);
    /// @notice The caller has nothing to draw from this agreement now.
    /// @dev Wait until fees are settled or, for escrow and bond, until the release after the end.
    error ServiceNothingDue(address caller);
    /// @notice No whole retainer period has passed, or the escrow cannot pay for one.
    /// @dev Wait until the time given, or fund the escrow.
    error ServiceRetainerNotDue(uint256 dueAt, uint256 escrow);
    /// @notice The caller is not a party, or notice was given already.
    /// @dev Owner or contractor give notice, once.
    error ServiceNoticeRefused(address caller);
    /// @notice The payment was refused by the recipient.
    /// @dev Draw from an account that accepts the currency; the amount stays due.
    error ServicePaymentFailed(address to);

    /// @notice Accounts for one ended repair under the caller's agreement. Never reverts for want of money.
    /// @param id Identifier of the order.
    /// @param order The order's slot, as OrderWords packs it.
    /// @param terms The crew's terms, as TermsWords packs them.
    function settle(OrderId id, uint256 order, uint256 terms, RepairOutcome outcome) external;

    /// @notice Offers terms to an owner; the crew's principal.
    function offer(address orders, uint16 crew, address owner, ServiceTerms calldata terms) external;

    /// @notice Accepts the offer; the owner.
    function accept(address orders, uint16 crew, bytes32 termsHash) external;

    /// @notice Puts a device under the agreement; the owner of both.
    function cover(address orders, uint16 crew, uint32 device) external;

    /// @notice Adds to the escrow; anyone. Arrears are paid first.
    function fund(address orders, uint16 crew, uint256 amount) external payable;

    /// @notice Adds to the contractor's bond; anyone.
    function postBond(address orders, uint16 crew, uint256 amount) external payable;

    /// @notice Pays the contractor the retainer of all whole periods that the escrow can pay; anyone.
    function payRetainer(address orders, uint16 crew) external;

    /// @notice Ends the agreement after the notice; owner or contractor.
    function giveNotice(address orders, uint16 crew) external;

    /// @notice Draws what is due to the caller: fees; after the release, the owner's escrow and the contractor's bond.
    function draw(address orders, uint16 crew) external;

    /// @notice An agreement.
    function agreementOf(address orders, uint16 crew) external view returns (Agreement memory);

    /// @notice Running sums of a device.
    function recordOf(address orders, uint16 crew, uint32 device) external view returns (DeviceRecord memory);

    /// @notice Mean time to repair and between failures, seconds, and availability in 1/10,000, all up to now.
    function performanceOf(
        address orders,
        uint16 crew,
        uint32 device
    ) external view returns (uint256 mttr, uint256 mtbf, uint256 availabilityBp);
}
